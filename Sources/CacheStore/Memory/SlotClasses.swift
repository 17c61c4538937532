/// The sizes that slots come in: every two bytes up to 160, every four up to 256, then page / n in
/// steps of a sixteenth at least, up to an eighth of a page.
///
/// An entry wastes a byte or three at most while it is small, and three per cent on average above;
/// pages of the larger classes have no rest. Finer steps would waste more in pages, of which each
/// class has one that is not full.
///
/// There is one table for each size of page, made when it is first asked for and kept for ever: so that
/// a copy is one word and counts no references. Unchecked, because that word is a pointer, to what is
/// never written again.
struct SlotClasses: @unchecked Sendable {
  private struct Tables {
    let pageBytes: Int
    let slotBytesMax: Int
    let count: Int
    /// By class, in bytes; ascending.
    let slotBytes: UnsafePointer<UInt16>
    /// By size in steps of a handle, rounded up.
    let classes: UnsafePointer<UInt8>
  }

  /// Never null and never freed.
  private let tables: UnsafePointer<Tables>

  /// The bytes of a page of slots, a power of two.
  var pageBytes: Int { self.tables.pointee.pageBytes }
  /// The largest slot.
  var slotBytesMax: Int { self.tables.pointee.slotBytesMax }
  var count: Int { self.tables.pointee.count }

  /// Bytes of the smallest page and of the largest.
  static let pageRange = 4 << 10...64 << 10
  private static let stepBytes = EntryHandle.stepBytes
  /// Up to here each step is a class.
  private static let finestBytesMax = 160
  /// And up to here every other.
  private static let fineBytesMax = 256

  /// - Parameter budgetBytes: Of the shard. A page is a small part of it, for each class may have
  ///   one that is nearly empty.
  init(budgetBytes: Int) {
    let fitting = Self.all.first { $0.pageBytes * 2048 >= budgetBytes }
    self = fitting ?? Self.all[Self.all.count - 1]
  }

  private static let all: [Self] = {
    var pageBytes = Self.pageRange.lowerBound
    var all: [Self] = []
    while pageBytes <= Self.pageRange.upperBound {
      all.append(Self(pageBytes: pageBytes))
      pageBytes *= 2
    }
    return all
  }()

  private init(pageBytes: Int) {
    let slotBytesMax = pageBytes / 8
    var sizes = Array(
      stride(from: EntryMemory.fixedBytes, to: Self.finestBytesMax, by: Self.stepBytes))
    sizes += stride(
      from: Self.finestBytesMax, through: Self.fineBytesMax, by: 2 * Self.stepBytes)
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
    self.tables = Self.kept([
      Tables(
        pageBytes: pageBytes, slotBytesMax: slotBytesMax, count: sizes.count,
        slotBytes: Self.kept(sizes.map { UInt16($0) }), classes: Self.kept(classes))
    ])
  }

  private static func kept<Element>(
    _ elements: [Element]
  ) -> UnsafePointer<Element> {
    let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = memory.initialize(from: elements)
    guard let start = memory.baseAddress else { preconditionFailure("a table is not empty") }
    return UnsafePointer(start)
  }

  /// The class for an entry of that many bytes, at most `slotBytesMax`.
  @inline(__always)
  func sizeClass(of bytes: Int) -> Int {
    assert(bytes <= self.slotBytesMax, "what is larger lies in an extent")
    // The table has a place for each size up to the largest slot's.
    return Int(self.tables.pointee.classes[(bytes + Self.stepBytes - 1) / Self.stepBytes])
  }

  @inline(__always)
  func slotBytes(of sizeClass: Int) -> Int {
    // Classes are numbered from 0 to `count` - 1.
    Int(self.tables.pointee.slotBytes[sizeClass])
  }

  /// Whether a key and a value fit into a slot, whatever else the entry has.
  func fitsSlot(keyBytes: Int, valueBytes: Int) -> Bool {
    EntryMemory.fixedBytes + EntryForm.optionalBytesMax + keyBytes + valueBytes
      <= self.slotBytesMax
  }

  func slotsPerPage(of sizeClass: Int) -> Int { self.pageBytes / self.slotBytes(of: sizeClass) }
}
