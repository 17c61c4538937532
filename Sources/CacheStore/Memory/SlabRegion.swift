internal import Dispatch
internal import Synchronization

/// The address space of a shard's pages, used from its low end on.
///
/// Where it has large pages of the system, they are provided before they are used, by a thread of their own.
/// The system takes 0.1 ms for one, and 5 ms where a hypervisor has to find the memory first; whoever touches
/// it first would wait for that while it holds the shard's lock. Some are provided from the start: a node
/// that joins a cluster is given entries at once, while it is called.
///
/// Unchecked, because it is a pointer, to a mapping that it owns alone. Whoever calls it holds the shard's
/// lock, which guards `isProviding`; the provider reads what never changes, and `provided`.
final class SlabRegion: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  private let mapping: (start: UnsafeMutableRawPointer, byteCount: Int)
  private let byteCount: Int
  /// False: it has no large pages, or the budget has been needed for other things since.
  private var isProviding: Bool
  /// The offset up to which memory was provided, or is going to be.
  private let provided = Atomic(0)

  static let largePageBytes = 2 << 20
  /// From this size on a region has large pages: one that has just been begun is less than a hundredth then.
  static let largePagesFrom = 256 << 20
  /// What is provided from the start: a sixteenth of the smallest region with large pages.
  static let headStartBytes = largePagesFrom / 16
  private static let provider = DispatchQueue(label: "larder.memory", qos: .utility)

  init(byteCount: Int) {
    self.byteCount = byteCount
    self.isProviding = byteCount >= Self.largePagesFrom
    let slack = self.isProviding ? Self.largePageBytes : 0
    self.mapping = (Mapping.reserve(byteCount: byteCount + slack), byteCount + slack)
    guard self.isProviding else {
      self.start = self.mapping.start
      return
    }
    // Within the slack.
    self.start = self.mapping.start.alignedUp(toMultipleOf: Self.largePageBytes)
    Mapping.preferLargePages(self.start, byteCount: byteCount)
    self.provide(Self.headStartBytes)
  }

  deinit { Mapping.release(self.mapping.start, byteCount: self.mapping.byteCount) }

  /// Memory that was provided, or is going to be, beyond what is used.
  func aheadBytes(of end: Int) -> Int { max(0, self.provided.load(ordering: .relaxed) - end) }

  /// Has the next large page provided once half of the last one is in use. The caller's budget has room
  /// for it.
  func provideAhead(of end: Int) {
    guard self.isProviding, self.aheadBytes(of: end) < Self.largePageBytes / 2 else { return }
    self.provide(Self.largePageBytes)
  }

  /// Gives back what is provided beyond what is used, and provides no more: the budget is needed for other
  /// things. False where there is nothing.
  func stopProviding(usedUpTo end: Int) -> Bool {
    self.isProviding = false
    let ahead = self.aheadBytes(of: end)
    guard ahead > 0 else { return false }
    // The provider does not go on beyond it. Of what it is at just now, one page may stay.
    self.provided.store(end, ordering: .relaxed)
    Mapping.discard(self.start + end, byteCount: ahead)
    return true
  }

  /// Asks for no more large pages, for good.
  func avoidLargePages() { Mapping.avoidLargePages(self.start, byteCount: self.byteCount) }

  private func provide(_ byteCount: Int) {
    let first = self.provided.load(ordering: .relaxed)
    let end = min(first + byteCount, self.byteCount)
    self.provided.store(end, ordering: .relaxed)
    self.provide(first..<end)
  }

  /// One large page after the other: those of other regions come in between, the first of each first.
  private func provide(_ bytes: Range<Int>) {
    guard let first = bytes.first else { return }
    Self.provider.async { [weak self] in
      // Its shard may be gone by now, or want no more. The mapping is there as long as this object is.
      guard let self, self.provided.load(ordering: .relaxed) > first else { return }
      let end = min(first + Self.largePageBytes, bytes.upperBound)
      Mapping.provide(self.start + first, byteCount: end - first)
      self.provide(end..<bytes.upperBound)
    }
  }
}
