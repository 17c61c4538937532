internal import Glibc

/// The sizes that slots come in: every four bytes up to 256, then page / n in steps of a sixteenth at
/// least, up to an eighth of a page.
///
/// An entry wastes less than four bytes while it is small, and three per cent on average above; pages
/// of the larger classes have no rest.
struct SlotClasses: Sendable {
  /// The bytes of a page of slots, a power of two.
  let pageBytes: Int
  /// The largest slot.
  let slotBytesMax: Int
  /// By class, in bytes; ascending.
  let slotBytes: [UInt16]
  /// By size in units of four bytes, rounded up.
  private let classes: [UInt8]

  /// Bytes of the smallest page and of the largest.
  static let pageRange = 4 << 10...64 << 10
  private static let stepBytes = 4
  private static let fineBytesMax = 256

  /// - Parameter budgetBytes: Of the shard. A page is a small part of it, for each class may have
  ///   one that is nearly empty.
  init(budgetBytes: Int) {
    var pageBytes = Self.pageRange.lowerBound
    while pageBytes < Self.pageRange.upperBound, pageBytes * 2048 < budgetBytes { pageBytes *= 2 }
    let slotBytesMax = pageBytes / 8
    var sizes = Array(
      stride(from: EntryMemory.fixedBytes, through: Self.fineBytesMax, by: Self.stepBytes))
    var last = Self.fineBytesMax
    for slots in stride(from: pageBytes / Self.fineBytesMax, through: 8, by: -1) {
      let size = pageBytes / slots & ~(Self.stepBytes - 1)
      guard size * 16 >= last * 17 || slots == 8 else { continue }
      sizes.append(size)
      last = size
    }
    var classes: [UInt8] = []
    for units in 0...slotBytesMax / Self.stepBytes {
      let fitting = sizes.firstIndex { $0 >= units * Self.stepBytes }
      guard let fitting else { preconditionFailure("the last class has the largest size") }
      classes.append(UInt8(fitting))
    }
    self.pageBytes = pageBytes
    self.slotBytesMax = slotBytesMax
    self.slotBytes = sizes.map { UInt16($0) }
    self.classes = classes
  }

  var count: Int { self.slotBytes.count }

  /// The class for an entry of that many bytes, at most `slotBytesMax`.
  func sizeClass(of bytes: Int) -> Int {
    Int(self.classes[(bytes + Self.stepBytes - 1) / Self.stepBytes])
  }

  func slotBytes(of sizeClass: Int) -> Int { Int(self.slotBytes[sizeClass]) }

  func slotsPerPage(of sizeClass: Int) -> Int { self.pageBytes / self.slotBytes(of: sizeClass) }
}
