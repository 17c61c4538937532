internal import Synchronization

/// Memory for the large values of a store: runs of pages in one reserved region, shared by its shards.
///
/// malloc keeps what is freed between blocks that are not: with values of all sizes a quarter of the
/// memory again. A mapping of its own for each value keeps nothing, and pays for it with a page fault
/// for every 4 KiB written. So what is freed stays, for the next value, up to an eighth of what is in
/// use; every block is charged that eighth (`chargedBytes`), and the memory that waits is inside the
/// budget at any moment.
///
/// The lock is taken by writers of large values only, and never with a shard's.
///
/// Unchecked, because it holds a pointer, to a mapping that it owns alone.
final class LargeMemory: @unchecked Sendable {
  /// nil where the system gave no address space: every block is then a mapping of its own.
  private let region: UnsafeMutableRawPointer?
  private let regionBytes: Int
  private let runs: Mutex<PageRuns?>

  static let pageBytes = 4096
  /// What waits is at most this part of what is in use.
  static let idleDivisor = 8
  /// The region is this much larger than the budget, for values that differ in size leave holes.
  private static let regionFactor = 2

  /// - Parameter budgetBytes: Of the store.
  init(budgetBytes: Int) {
    let pages = max(1, budgetBytes / Self.pageBytes * Self.regionFactor)
    // Page 0 stands for "none".
    let byteCount = (pages + 1) * Self.pageBytes
    let runs = PageRuns(pages: pages)
    let hasRuns = runs != nil
    self.runs = Mutex(runs)
    self.regionBytes = byteCount
    self.region = hasRuns ? Mapping.reserveIfPossible(byteCount: byteCount) : nil
  }

  deinit {
    if let region = self.region { Mapping.release(region, byteCount: self.regionBytes) }
  }

  /// What a block of so many bytes takes of the budget: its pages, and the memory that may wait.
  static func chargedBytes(of byteCount: Int) -> Int {
    let used = self.pageCount(of: byteCount) * self.pageBytes
    return used + used / self.idleDivisor
  }

  /// Memory that holds whatever it held; nil where the region has no room in one piece.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    guard let region = self.region else { return nil }
    let count = Self.pageCount(of: byteCount)
    guard let found = self.runs.withLock({ $0?.allocate(count) }) else { return nil }
    // The runs number the pages of the region.
    let start = region + found.run.page * Self.pageBytes
    if found.was == .cold { Mapping.provide(start, byteCount: count * Self.pageBytes) }
    return start
  }

  /// Ends a block that `allocate` gave.
  func free(_ start: UnsafeMutableRawPointer, byteCount: Int) {
    guard let region = self.region else { preconditionFailure("no block came from here") }
    let run = PageRuns.Run(
      page: (start - region) / Self.pageBytes, count: Self.pageCount(of: byteCount))
    self.runs.withLock { $0?.free(run, as: .warm) }
    // Given back without the lock, and seen as free by others only then.
    while let idle = self.runs.withLock({ Self.takeExcess(of: &$0) }) {
      Mapping.discard(
        region + idle.page * Self.pageBytes, byteCount: idle.count * Self.pageBytes)
      self.runs.withLock { $0?.free(idle, as: .cold) }
    }
  }

  /// In bytes, for tests: what is in use, and what waits.
  var usage: (used: Int, idle: Int) {
    self.runs.withLock {
      (($0?.usedPages ?? 0) * Self.pageBytes, ($0?.warmPages ?? 0) * Self.pageBytes)
    }
  }

  private static func takeExcess(of runs: inout PageRuns?) -> PageRuns.Run? {
    guard let used = runs?.usedPages, let idle = runs?.warmPages else { return nil }
    return runs?.takeIdle(countMax: idle - used / self.idleDivisor)
  }

  private static func pageCount(of byteCount: Int) -> Int {
    (byteCount + self.pageBytes - 1) / self.pageBytes
  }
}
