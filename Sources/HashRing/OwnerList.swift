/// The owners of a key in order: the primary, then the replicas, as indexes into `Ring.nodes`.
///
/// Holds them in place, so that making and passing one on allocates nothing.
@frozen
public struct OwnerList: Sendable, Hashable, RandomAccessCollection {
  @usableFromInline typealias Slots = InlineArray<8, UInt16>

  /// The most owners that a key can have.
  public static let ownersMax = 8

  @usableFromInline var slots = Slots(repeating: 0)
  /// How many owners there are, 0 to `ownersMax`.
  public private(set) var count = 0

  /// Nobody.
  @inlinable
  public init() {}

  public var startIndex: Int { 0 }
  @inlinable
  public var endIndex: Int { self.count }

  @inlinable
  public subscript(position: Int) -> Int {
    precondition(position < self.count, "no such owner")
    return Int(self.slots[position])
  }

  public static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(self.count)
    for node in self { hasher.combine(node) }
  }

  /// The caller sees to it that there is room.
  mutating func append(_ node: UInt16) {
    self.slots[self.count] = node
    self.count += 1
  }
}
