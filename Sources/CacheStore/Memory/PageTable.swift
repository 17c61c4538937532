internal import Glibc

/// What is known of one page of slots; kept outside the page, so that looking for room touches none.
struct SlotPage {
  /// The page is in no class.
  static let noClass: UInt8 = .max
  /// Ends a page's list of free slots.
  static let noSlot: UInt16 = .max

  var sizeClass = Self.noClass
  /// Entries are moving out, so none comes in.
  var isEvacuating = false
  /// Slots in use.
  var used: UInt16 = 0
  /// Slots that were ever in use since the page was given to its class; those behind are untouched.
  var touched: UInt16 = 0
  /// The first free slot, by its place in the page in steps of a handle.
  var firstFree = Self.noSlot
  /// In the list of its class's pages that have free slots, or of free pages; 0 ends it.
  var previous: UInt32 = 0
  var next: UInt32 = 0
  /// In the list of the wheel's slot in which it waits.
  var wheelPrevious: UInt32 = 0
  var wheelNext: UInt32 = 0
  /// The wheel's slot; `PageWheel.noSlot` where the page waits for nothing.
  var wheelSlot = PageWheel.noSlot
  /// No entry of the page has a deadline before this; on the monotonic clock, in milliseconds.
  var earliestDeadline = UInt64.max
}

/// The descriptors of all pages that a shard may come to have, in a mapping that becomes resident as
/// it is used. Freed by its owner, once.
///
/// Unchecked, because it is a pointer: used under the shard's lock.
struct PageTable: @unchecked Sendable {
  private let pages: UnsafeMutablePointer<SlotPage>
  /// Page 0 stands for "none" and is never used.
  let count: Int

  init(count: Int) {
    self.count = count
    let memory = Mapping.reserve(byteCount: count * MemoryLayout<SlotPage>.stride)
    // The mapping is aligned to a page of the machine and has room for `count` descriptors, each of
    // which is initialised when its page is first used.
    self.pages = memory.bindMemory(to: SlotPage.self, capacity: count)
  }

  func free() {
    Mapping.release(self.pages, byteCount: self.count * MemoryLayout<SlotPage>.stride)
  }

  subscript(index: UInt32) -> SlotPage {
    get { self.pages[Int(index)] }
    nonmutating _modify { yield &self.pages[Int(index)] }
  }
}
