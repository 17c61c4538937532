internal import Synchronization

/// Memory for the large values of a store: runs of pages in one reserved region, shared by its shards.
///
/// malloc keeps what is freed between blocks that are not: with values of all sizes a quarter of the
/// memory again. A mapping of its own for each value keeps nothing, and pays for it with a page fault
/// for every 4 KiB written. So what is freed stays, for the next value, up to an eighth of what is in
/// use; every block is charged that eighth (`chargedBytes`), and the memory that waits is inside the
/// budget at any moment.
///
/// A page is a quarter of the system's, so that a value of 5 KiB does not take 8. What is free beside
/// others in a page of the system cannot be given back. Should more wait than its eighth, all shards
/// do with less until it is used again or freed whole (`excessBytesPerShard`).
///
/// The lock is taken by writers of large values only, and never with a shard's.
///
/// Unchecked, because it holds a pointer, to a mapping that it owns alone.
final class LargeMemory: @unchecked Sendable {
  /// nil where the system gave no address space: every block is then a mapping of its own.
  private let region: UnsafeMutableRawPointer?
  private let regionBytes: Int
  private let runs: Mutex<PageRuns?>
  private let shards: Int
  /// What waits beyond the eighth that blocks are charged for.
  private let excessBytes = Atomic(0)

  static let pageBytes = 1024
  /// Pages that make one of the system's.
  private static let systemPage = 4
  /// What `PageRuns` knows of each page, for every one that is in use.
  private static let recordBytes = 16
  /// What waits is at most this part of what is in use.
  static let idleDivisor = 8
  /// The region is this much larger than the budget, for values that differ in size leave holes.
  private static let regionFactor = 2

  /// - Parameters:
  ///   - budgetBytes: Of the store.
  ///   - shards: That have a part of the budget each.
  init(budgetBytes: Int, shards: Int) {
    let systemPageBytes = Self.systemPage * Self.pageBytes
    let systemPages = max(1, budgetBytes / systemPageBytes * Self.regionFactor)
    // Page 0 stands for "none".
    let byteCount = (systemPages + 1) * systemPageBytes
    let runs = PageRuns(pages: systemPages * Self.systemPage, systemPage: Self.systemPage)
    let hasRuns = runs != nil
    self.shards = shards
    self.runs = Mutex(runs)
    self.regionBytes = byteCount
    self.region = hasRuns ? Mapping.reserveIfPossible(byteCount: byteCount) : nil
  }

  deinit {
    if let region = self.region { Mapping.release(region, byteCount: self.regionBytes) }
  }

  /// What a block of so many bytes takes of the budget: its pages, what is known of them, and the
  /// memory that may wait.
  static func chargedBytes(of byteCount: Int) -> Int {
    let pages = self.pageCount(of: byteCount)
    return pages * (self.pageBytes + self.pageBytes / self.idleDivisor + self.recordBytes)
  }

  /// What a shard's budget has to bear beside its blocks.
  var excessBytesPerShard: Int { self.excessBytes.load(ordering: .relaxed) / self.shards }

  /// Memory that holds whatever it held; nil where the region has no room in one piece.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    guard let region = self.region else { return nil }
    let count = Self.pageCount(of: byteCount)
    guard let found = self.runs.withLock({ self.allocate(count, from: &$0) }) else { return nil }
    // The runs number the pages of the region.
    if let fresh = found.fresh {
      Mapping.provide(
        region + fresh.page * Self.pageBytes, byteCount: fresh.count * Self.pageBytes)
    }
    return region + found.run.page * Self.pageBytes
  }

  /// Ends a block that `allocate` gave.
  func free(_ start: UnsafeMutableRawPointer, byteCount: Int) {
    guard let region = self.region else { preconditionFailure("no block came from here") }
    let run = PageRuns.Run(
      page: (start - region) / Self.pageBytes, count: Self.pageCount(of: byteCount))
    var excess = self.runs.withLock { self.free(run, as: .warm, in: &$0) }
    // Given back without the lock, and seen as free by others only then.
    while let idle = excess {
      Mapping.discard(
        region + idle.page * Self.pageBytes, byteCount: idle.count * Self.pageBytes)
      excess = self.runs.withLock { self.free(idle, as: .cold, in: &$0) }
    }
  }

  /// In bytes, for tests: what is in use, and what waits.
  var usage: (used: Int, idle: Int) {
    self.runs.withLock {
      (($0?.usedPages ?? 0) * Self.pageBytes, ($0?.warmPages ?? 0) * Self.pageBytes)
    }
  }

  private func allocate(
    _ count: Int, from runs: inout PageRuns?
  ) -> (run: PageRuns.Run, fresh: PageRuns.Run?)? {
    defer { _ = self.noteExcess(of: &runs) }
    return runs?.allocate(count)
  }

  /// Frees a run; returns another that is taken because too much waits.
  private func free(
    _ run: PageRuns.Run, as kind: PageRuns.Kind, in runs: inout PageRuns?
  ) -> PageRuns.Run? {
    runs?.free(run, as: kind)
    let excess = self.noteExcess(of: &runs)
    let idle = runs?.takeIdle(countMax: excess)
    // What is taken has left already, as far as the next writer is concerned.
    if idle != nil { _ = self.noteExcess(of: &runs) }
    return idle
  }

  /// In pages; also kept for those who do not have the lock.
  private func noteExcess(of runs: inout PageRuns?) -> Int {
    guard let used = runs?.usedPages, let idle = runs?.warmPages else { return 0 }
    let excess = max(0, idle - used / Self.idleDivisor)
    self.excessBytes.store(excess * Self.pageBytes, ordering: .relaxed)
    return excess
  }

  private static func pageCount(of byteCount: Int) -> Int {
    (byteCount + self.pageBytes - 1) / self.pageBytes
  }
}
