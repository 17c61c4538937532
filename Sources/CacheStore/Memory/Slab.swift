/// A shard's memory for entries: pages of slots, each page for one size, in one reserved mapping.
///
/// Why slots, and not a log of entries as in Segcache: entries leave in the order that a policy
/// chooses, which leaves holes everywhere; filling a hole costs nothing, where a log must copy its
/// neighbours. Why pages move between sizes: a store that has given all of its pages to small entries
/// could otherwise never take large ones (memcached's "slab calcification"). Entries can be moved,
/// for all that names them is their neighbours in a list and one place in the index: as soon as a
/// size has a page's worth of free slots and a page is wanted, the entries of its emptiest page move
/// out (`evacuation`). So each size wastes one page at most, and the memory follows the traffic.
///
/// The budget is the caller's: `addPage` is asked only where there is room for a page.
///
/// Unchecked, because it holds a pointer, to a mapping that it owns alone.
struct Slab: ~Copyable, @unchecked Sendable {
  private(set) var memory: EntryMemory
  let pages: PageTable
  private let region: SlabRegion
  private let pageShift: Int
  /// By class: the first page with free slots, or 0.
  private var partial: [UInt32]
  /// By class: free slots in all pages but one that is being evacuated.
  private var freeSlots: [Int]
  /// Pages that are in no class, whose memory is still the process's.
  private var warmPages: UInt32 = 0
  private var warmPageCount = 0
  /// Pages that are in no class, whose memory was given back.
  private var coldPages: UInt32 = 0
  /// The first page that was never used.
  private var nextPage: UInt32 = 1
  /// Pages whose memory is the process's: in a class, or warm.
  private var residentPages = 0
  /// The page whose entries are moving out, or 0.
  private(set) var evacuating: UInt32 = 0
  private var evacuationSlot = 0
  /// Whether a class may have a page's worth of free slots; so that the question is mostly free.
  private var mayEvacuate = false

  /// Free pages that are kept for the next entries; more are given back at once.
  private static let warmPagesMax = 16
  /// Pages among which the emptiest is chosen.
  private static let candidatesMax = 64

  /// - Parameter budgetBytes: More than this is never asked for.
  init(budgetBytes: Int) {
    let classes = SlotClasses(budgetBytes: budgetBytes)
    // Page 0 is none. Where handles do not reach further, the tables leave no room for more either.
    let bytesMax = min(budgetBytes, EntryHandle.reachBytes - 2 * classes.pageBytes)
    let count = bytesMax / classes.pageBytes + 2
    self.pageShift = classes.pageBytes.trailingZeroBitCount
    self.region = SlabRegion(byteCount: count * classes.pageBytes)
    self.memory = EntryMemory(base: self.region.start, classes: classes)
    self.pages = PageTable(count: count)
    self.partial = Array(repeating: 0, count: classes.count)
    self.freeSlots = Array(repeating: 0, count: classes.count)
  }

  deinit { self.pages.free() }

  var pageBytes: Int { self.memory.classes.pageBytes }

  /// The number after that of the last page that was ever used.
  var pageEnd: UInt32 { self.nextPage }

  /// What the slab takes of the budget: pages, their descriptors, and memory for pages to come.
  var chargedBytes: Int {
    self.residentPages * self.pageBytes + self.region.aheadBytes(of: self.usedEnd)
      + (Int(self.nextPage) * MemoryLayout<SlotPage>.stride + 4095) & ~4095
  }

  /// An offset in the region: behind it nothing was ever used.
  private var usedEnd: Int { Int(self.nextPage) << self.pageShift }

  /// What one page more would take at most.
  var pageChargeMax: Int { self.pageBytes + 4096 }

  mutating func startTime(_ now: StoreTime) { self.memory.time = EntryTime(startingAt: now) }

  // MARK: Slots

  /// A slot of the class, in memory that holds whatever it held; null where the class has none free.
  mutating func allocate(_ sizeClass: Int) -> EntryHandle {
    let page = self.partial[sizeClass]
    guard page != 0 else { return .null }
    let offset: Int
    let slotBytes = self.memory.classes.slotBytes(of: sizeClass)
    if self.pages[page].firstFree != SlotPage.noSlot {
      offset = Int(self.pages[page].firstFree) * EntryHandle.stepBytes
      // A free slot's first two bytes name the next one; `offset` is a slot of the page.
      self.pages[page].firstFree = (self.start(of: page) + offset).load(as: UInt16.self)
    } else {
      offset = Int(self.pages[page].touched) * slotBytes
      self.pages[page].touched += 1
    }
    self.pages[page].used += 1
    self.freeSlots[sizeClass] -= 1
    if Int(self.pages[page].used) == self.memory.classes.slotsPerPage(of: sizeClass) {
      self.unlinkPartial(page)
    }
    return self.entry(page, offset)
  }

  /// Ends a slot. A page without entries leaves its class: true.
  @discardableResult
  mutating func free(_ entry: EntryHandle) -> Bool {
    let offset = Int(entry.rawValue) * EntryHandle.stepBytes
    let page = UInt32(offset >> self.pageShift)
    let sizeClass = Int(self.pages[page].sizeClass)
    self.memory.setHash(entry, 0, EntryForm(rawValue: 0))
    // The slot has room for 26 bytes; the place within a page of 64 KiB fits 15 bits.
    self.memory.address(entry).storeBytes(of: self.pages[page].firstFree, as: UInt16.self)
    self.pages[page].firstFree = UInt16(
      (offset & (self.pageBytes - 1)) / EntryHandle.stepBytes)
    let used = self.pages[page].used
    self.pages[page].used = used - 1
    if !self.pages[page].isEvacuating {
      let slotsPerPage = self.memory.classes.slotsPerPage(of: sizeClass)
      self.freeSlots[sizeClass] += 1
      if self.freeSlots[sizeClass] >= slotsPerPage { self.mayEvacuate = true }
      if Int(used) == slotsPerPage { self.linkPartial(page) }
    }
    if used == 1 { self.retire(page) }
    return used == 1
  }

  func page(of entry: EntryHandle) -> UInt32 {
    UInt32((Int(entry.rawValue) * EntryHandle.stepBytes) >> self.pageShift)
  }

  /// - Parameter offset: Of a slot in the page, in bytes.
  private func entry(_ page: UInt32, _ offset: Int) -> EntryHandle {
    EntryHandle(
      rawValue: UInt32((Int(page) << self.pageShift + offset) / EntryHandle.stepBytes))
  }

  /// Calls `body`, which may free the entry, with each entry of the page.
  func forEachEntry(in page: UInt32, _ body: (EntryHandle) -> Void) {
    let slotBytes = self.memory.classes.slotBytes(of: Int(self.pages[page].sizeClass))
    for slot in 0..<Int(self.pages[page].touched) {
      let entry = self.entry(page, slot * slotBytes)
      if !self.memory.form(entry).isFree { body(entry) }
    }
  }

  // MARK: Pages

  /// Whether the class has a free slot.
  func hasSlot(_ sizeClass: Int) -> Bool { self.partial[sizeClass] != 0 }

  /// Whether a page can be had that is charged already.
  var hasWarmPage: Bool {
    self.warmPages != 0 || self.region.aheadBytes(of: self.usedEnd) >= self.pageBytes
  }

  /// Gives the class one page more.
  mutating func addPage(_ sizeClass: Int) {
    let page: UInt32
    if self.warmPages != 0 {
      page = self.warmPages
      self.warmPages = self.pages[page].next
      self.warmPageCount -= 1
    } else if self.coldPages != 0 {
      page = self.coldPages
      self.coldPages = self.pages[page].next
      self.residentPages += 1
    } else {
      page = self.nextPage
      precondition(Int(page) < self.pages.count, "the budget has room for another page")
      self.nextPage += 1
      self.residentPages += 1
    }
    self.pages[page] = SlotPage()
    self.pages[page].sizeClass = UInt8(sizeClass)
    self.freeSlots[sizeClass] += self.memory.classes.slotsPerPage(of: sizeClass)
    self.mayEvacuate = true
    self.linkPartial(page)
  }

  /// What `provideAhead` takes of the budget at most.
  static let aheadChargeMax = SlabRegion.largePageBytes

  /// Has memory provided for the pages to come, where little of it is left.
  func provideAhead() { self.region.provideAhead(of: self.usedEnd) }

  /// Gives the memory of a free page back to the system, or of those to come, so that the budget has room
  /// for other things; false where there is none.
  mutating func trim() -> Bool {
    let page = self.warmPages
    guard page != 0 else { return self.region.stopProviding(usedUpTo: self.usedEnd) }
    self.warmPages = self.pages[page].next
    self.warmPageCount -= 1
    self.discard(page)
    return true
  }

  /// Takes a page without entries out of its class.
  private mutating func retire(_ page: UInt32) {
    let sizeClass = Int(self.pages[page].sizeClass)
    if self.pages[page].isEvacuating {
      self.evacuating = 0
    } else {
      self.freeSlots[sizeClass] -= self.memory.classes.slotsPerPage(of: sizeClass)
      self.unlinkPartial(page)
    }
    self.pages[page].sizeClass = SlotPage.noClass
    if self.warmPageCount < Self.warmPagesMax {
      self.pages[page].next = self.warmPages
      self.warmPages = page
      self.warmPageCount += 1
    } else {
      self.discard(page)
    }
  }

  private mutating func discard(_ page: UInt32) {
    if self.coldPages == 0 {
      // The kernel would else fill the hole, sooner or later, to make a large page of what is around it.
      self.region.avoidLargePages()
      // Cold pages are used first.
      _ = self.region.stopProviding(usedUpTo: self.usedEnd)
    }
    Mapping.discard(self.start(of: page), byteCount: self.pageBytes)
    self.residentPages -= 1
    self.pages[page].next = self.coldPages
    self.coldPages = page
  }

  // MARK: Evacuation

  /// Chooses a page to be emptied, of a class whose other pages have room for its entries; false
  /// where no class has that much room.
  mutating func beginEvacuation() -> Bool {
    precondition(self.evacuating == 0, "one page at a time")
    guard self.mayEvacuate else { return false }
    guard
      let sizeClass = self.freeSlots.indices.first(where: {
        self.freeSlots[$0] >= self.memory.classes.slotsPerPage(of: $0)
      })
    else {
      self.mayEvacuate = false
      return false
    }
    var emptiest = self.partial[sizeClass]
    var page = emptiest
    for _ in 0..<Self.candidatesMax where page != 0 {
      if self.pages[page].used < self.pages[emptiest].used { emptiest = page }
      page = self.pages[page].next
    }
    self.unlinkPartial(emptiest)
    let slots = self.memory.classes.slotsPerPage(of: sizeClass)
    self.freeSlots[sizeClass] -= slots - Int(self.pages[emptiest].used)
    self.pages[emptiest].isEvacuating = true
    self.evacuating = emptiest
    self.evacuationSlot = 0
    return true
  }

  /// The next entry that must move out of the page; null where its class has no room any more, for
  /// other entries have come meanwhile: the page then stays as it is.
  mutating func nextEvacuee() -> EntryHandle {
    let page = self.evacuating
    let sizeClass = Int(self.pages[page].sizeClass)
    guard self.hasSlot(sizeClass) else {
      self.endEvacuation()
      return .null
    }
    let slotBytes = self.memory.classes.slotBytes(of: sizeClass)
    while self.evacuationSlot < Int(self.pages[page].touched) {
      let entry = self.entry(page, self.evacuationSlot * slotBytes)
      self.evacuationSlot += 1
      if !self.memory.form(entry).isFree { return entry }
    }
    preconditionFailure("a page under evacuation that holds no entry has been retired")
  }

  /// Copies an entry, links and all, to another slot of its class, and frees its own.
  mutating func move(_ entry: EntryHandle) -> EntryHandle {
    let from = self.page(of: entry)
    let sizeClass = Int(self.pages[from].sizeClass)
    let target = self.allocate(sizeClass)
    precondition(!target.isNull, "the caller has seen a free slot")
    // Both slots have the size of their class, and do not overlap.
    self.memory.address(target).copyMemory(
      from: self.memory.address(entry),
      byteCount: self.memory.classes.slotBytes(of: sizeClass))
    return target
  }

  private mutating func endEvacuation() {
    let page = self.evacuating
    let sizeClass = Int(self.pages[page].sizeClass)
    let free = self.memory.classes.slotsPerPage(of: sizeClass) - Int(self.pages[page].used)
    self.pages[page].isEvacuating = false
    self.freeSlots[sizeClass] += free
    self.mayEvacuate = true
    if free > 0 { self.linkPartial(page) }
    self.evacuating = 0
  }

  // MARK: Lists of pages

  private func start(of page: UInt32) -> UnsafeMutableRawPointer {
    // Pages are numbered by their place in the region.
    self.region.start + Int(page) << self.pageShift
  }

  private mutating func linkPartial(_ page: UInt32) {
    let sizeClass = Int(self.pages[page].sizeClass)
    let first = self.partial[sizeClass]
    self.pages[page].previous = 0
    self.pages[page].next = first
    if first != 0 { self.pages[first].previous = page }
    self.partial[sizeClass] = page
  }

  private mutating func unlinkPartial(_ page: UInt32) {
    let sizeClass = Int(self.pages[page].sizeClass)
    let (previous, next) = (self.pages[page].previous, self.pages[page].next)
    if previous == 0 { self.partial[sizeClass] = next } else { self.pages[previous].next = next }
    if next != 0 { self.pages[next].previous = previous }
  }
}
