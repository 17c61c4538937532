import Testing

@testable import CacheStore

struct SlabTests {
  private static let form = EntryForm(
    kind: .value, isBoxed: false, hasDeadline: false, isWide: false, hasFlags: false,
    hasNamespace: false, hasLongKey: false)

  private func entry(_ slab: inout Slab, bytes: Int, hash: UInt64) -> EntryHandle {
    let sizeClass = slab.memory.classes.sizeClass(of: bytes)
    if !slab.hasSlot(sizeClass) { slab.addPage(sizeClass) }
    let entry = slab.allocate(sizeClass)
    slab.memory.initialize(
      entry, hash: hash, form: Self.form, keyBytes: 1,
      valueBytes: bytes - EntryMemory.fixedBytes - 1)
    return entry
  }

  @Test(arguments: [64 << 10, 32 << 20, 1 << 30])
  func `each size has the smallest class that holds it, and little is wasted`(budget: Int) {
    let classes = SlotClasses(budgetBytes: budget)
    #expect(classes.slotBytesMax == classes.pageBytes / 8)
    for bytes in EntryMemory.fixedBytes...classes.slotBytesMax {
      let slot = classes.slotBytes(of: classes.sizeClass(of: bytes))
      #expect(slot >= bytes)
      #expect(slot - bytes <= max(3, slot / 8), "\(bytes) in \(slot)")
    }
    #expect(classes.count <= 255)
  }

  @Test func `slots do not overlap, and freed ones are given out again`() {
    var slab = Slab(budgetBytes: 1 << 20)
    var random = SplitMix64(state: 1)
    var live: [UInt64: (EntryHandle, Int)] = [:]
    for step in 0..<20_000 as Range<UInt64> {
      if live.count > 300, let victim = live.keys.randomElement(using: &random),
        let (handle, _) = live.removeValue(forKey: victim)
      {
        let memory = slab.memory
        #expect(memory.hash(handle) == victim << 8)
        slab.free(handle)
      }
      let bytes = Int.random(
        in: EntryMemory.fixedBytes + 1...slab.memory.classes.slotBytesMax, using: &random)
      live[step] = (self.entry(&slab, bytes: bytes, hash: step << 8), bytes)
    }
    let memory = slab.memory
    for (hash, (handle, bytes)) in live {
      #expect(memory.hash(handle) == hash << 8)
      #expect(memory.slotBytesNeeded(handle) == bytes)
    }
    let faults = slab.faults()
    #expect(faults == [])
  }

  @Test func `a page without entries is given to another size, or back to the system`() {
    var slab = Slab(budgetBytes: 1 << 20)
    var entries: [EntryHandle] = []
    for index in 0..<10_000 as Range<UInt64> {
      entries.append(self.entry(&slab, bytes: 40, hash: index << 8))
    }
    let full = slab.chargedBytes
    for entry in entries { slab.free(entry) }
    let warm = slab.chargedBytes
    #expect(warm < full)
    while slab.trim() {}
    let cold = slab.chargedBytes
    #expect(cold < warm)
    #expect(cold <= 16 << 10, "the pages' descriptors stay")
    _ = self.entry(&slab, bytes: 200, hash: 0)
    let faults = slab.faults()
    #expect(faults == [])
  }

  @Test func `the entries of a sparse page move out, byte for byte`() {
    var slab = Slab(budgetBytes: 1 << 20)
    var entries: [UInt64: EntryHandle] = [:]
    for index in 0..<1000 as Range<UInt64> {
      entries[index] = self.entry(&slab, bytes: 100, hash: index << 8)
    }
    for index in 0..<1000 as Range<UInt64> where index % 3 != 0 {
      if let entry = entries.removeValue(forKey: index) { slab.free(entry) }
    }
    let before = slab.chargedBytes
    var moved = 0
    while slab.beginEvacuation() {
      while slab.evacuating != 0 {
        let entry = slab.nextEvacuee()
        if entry.isNull { break }
        let memory = slab.memory
        let hash = memory.hash(entry) >> 8
        let target = slab.move(entry)
        #expect(memory.hash(target) >> 8 == hash)
        entries[hash] = target
        slab.free(entry)
        moved += 1
      }
    }
    #expect(moved > 100)
    while slab.trim() {}
    let after = slab.chargedBytes
    #expect(after < before * 4 / 9)
    let memory = slab.memory
    for (hash, entry) in entries { #expect(memory.hash(entry) >> 8 == hash) }
    let faults = slab.faults()
    #expect(faults == [])
  }

  @Test func `memory for pages to come is charged, and given back where it is needed`() {
    var slab = Slab(budgetBytes: SlabRegion.largePagesFrom)
    let start = slab.chargedBytes
    #expect(start >= SlabRegion.headStartBytes - slab.pageBytes && slab.hasWarmPage)
    slab.addPage(0)
    slab.provideAhead()
    // It was charged already.
    #expect(slab.chargedBytes == start)
    let isGivenBack = slab.trim()
    #expect(isGivenBack && !slab.hasWarmPage)
    #expect(slab.chargedBytes <= slab.pageBytes + 4096)
    let hasMore = slab.trim()
    #expect(!hasMore)
    let faults = slab.faults()
    #expect(faults == [])
  }

  @Test func `the largest shard is no larger than its handles reach`() {
    var slab = Slab(budgetBytes: 8 << 30)
    let last = UInt32(EntryHandle.reachBytes / slab.pageBytes - 1)
    let sizeClass = slab.memory.classes.sizeClass(of: slab.memory.classes.slotBytesMax)
    for _ in 1...last { slab.addPage(sizeClass) }
    for _ in 0..<8 {
      let entry = slab.allocate(sizeClass)
      #expect(slab.page(of: entry) == last)
    }
  }
}

extension Slab {
  /// What is wrong with the pages, in words.
  borrowing func faults() -> [String] {
    var faults: [String] = []
    for page in 1..<self.pageEnd where self.pages[page].sizeClass != SlotPage.noClass {
      var count = 0
      self.forEachEntry(in: page) { _ in count += 1 }
      if count != Int(self.pages[page].used) {
        faults.append("page \(page) holds \(count), counts \(self.pages[page].used)")
      }
    }
    return faults
  }
}
