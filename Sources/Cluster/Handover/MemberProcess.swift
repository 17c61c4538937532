/// One process of a member: another one under the same id has none of its entries.
public struct MemberProcess: Hashable, Sendable {
  public let id: String
  /// Tells the process from those before it, under the same id.
  public let incarnation: UInt64

  public init(id: String, incarnation: UInt64) {
    self.id = id
    self.incarnation = incarnation
  }

  /// The process that has registered as this member.
  public init(_ member: Member) {
    self.init(id: member.id, incarnation: member.incarnation)
  }
}

extension MemberProcess: CustomStringConvertible {
  public var description: String { "\(self.id) (\(self.incarnation))" }
}
