internal import Dispatch

/// The address space of a shard's pages, used from its low end on.
///
/// Where it has large pages of the system, they are provided before they are used, by a thread that nobody
/// waits for. The system takes 0.1 ms for one, and 5 ms where a hypervisor has to find the memory first;
/// whoever touches it first would wait for that while it holds the shard's lock. Some are provided from the
/// start: a node that joins a cluster is given entries at once, while it is called.
///
/// Unchecked, because it is a pointer, to a mapping that it owns alone. What changes is the shard's, under
/// its lock.
final class SlabRegion: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  private let mapping: (start: UnsafeMutableRawPointer, byteCount: Int)
  private let byteCount: Int
  private var hasLargePages: Bool
  /// The offset up to which memory was provided, or is going to be.
  private(set) var providedBytes = 0

  static let largePageBytes = 2 << 20
  /// From this size on a region has large pages: one that has just been begun is less than a hundredth then.
  static let largePagesFrom = 256 << 20
  /// What is provided from the start: a sixteenth of the smallest region with large pages.
  static let headStartBytes = largePagesFrom / 16
  /// The end of a region is left to be touched: index and policies take about as much of the budget, and
  /// memory that was provided behind the last page would be memory beyond it.
  private static let tailDivisor = 8
  private static let provider = DispatchQueue(label: "larder.memory", qos: .utility)

  init(byteCount: Int) {
    self.byteCount = byteCount
    self.hasLargePages = byteCount >= Self.largePagesFrom
    let slack = self.hasLargePages ? Self.largePageBytes : 0
    self.mapping = (Mapping.reserve(byteCount: byteCount + slack), byteCount + slack)
    guard self.hasLargePages else {
      self.start = self.mapping.start
      return
    }
    // Within the slack.
    self.start = self.mapping.start.alignedUp(toMultipleOf: Self.largePageBytes)
    Mapping.preferLargePages(self.start, byteCount: byteCount)
    self.provide(Self.headStartBytes)
  }

  deinit { Mapping.release(self.mapping.start, byteCount: self.mapping.byteCount) }

  /// Has the next large page provided once half of the last one is in use.
  func isUsed(upTo end: Int) {
    guard self.hasLargePages, end + Self.largePageBytes / 2 > self.providedBytes else { return }
    self.provide(Self.largePageBytes)
  }

  /// For good.
  func avoidLargePages() {
    guard self.hasLargePages else { return }
    self.hasLargePages = false
    Mapping.avoidLargePages(self.start, byteCount: self.byteCount)
  }

  private func provide(_ byteCount: Int) {
    let first = self.providedBytes
    self.providedBytes = min(first + byteCount, self.byteCount - self.byteCount / Self.tailDivisor)
    self.provide(first..<self.providedBytes)
  }

  /// One large page after the other: those of other regions come in between, the first of each first.
  private func provide(_ bytes: Range<Int>) {
    guard let first = bytes.first else { return }
    Self.provider.async {
      let end = min(first + Self.largePageBytes, bytes.upperBound)
      // Within the mapping, which is there as long as this object is.
      Mapping.provide(self.start + first, byteCount: end - first)
      self.provide(end..<bytes.upperBound)
    }
  }
}
