internal import Glibc

/// The memory of a large value, from the system directly, or from malloc where it is not that large.
///
/// malloc keeps what is freed between blocks that are not: with values of all sizes a fifth of the
/// memory again. A mapping of its own goes back whole, for the price of some page faults when it is
/// written. Below `mappedMinBytes` the rest of the last page would be too large a part.
///
/// Freed by hand, once. Unchecked, because it is a pointer; `Extent` says who may use it when.
struct LargeBlock: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  private let byteCount: Int
  private let isMapped: Bool

  private static let mappedMinBytes = 64 << 10
  private static let pageBytes = 4096

  init(byteCount: Int) {
    self.byteCount = byteCount
    // The number of mappings that a process may have is limited (vm.max_map_count): malloc has the rest.
    if byteCount >= Self.mappedMinBytes,
      let pages = Mapping.reserveIfPossible(byteCount: byteCount, isUsedNow: true)
    {
      self.start = pages
      self.isMapped = true
      return
    }
    guard let block = malloc(max(1, byteCount)) else {
      fatalError(
        "the system refused \(byteCount) bytes: set --memory below what the machine can give")
    }
    self.start = block
    self.isMapped = false
  }

  func free() {
    if self.isMapped {
      Mapping.release(self.start, byteCount: self.byteCount)
    } else {
      Glibc.free(self.start)
    }
  }

  /// What the block really takes: whole pages, or malloc's multiples of 16 bytes with a word for
  /// itself (glibc's malloc.c, "checked_request2size").
  var chargedBytes: Int {
    self.isMapped
      ? (self.byteCount + Self.pageBytes - 1) & ~(Self.pageBytes - 1)
      : max(32, (self.byteCount + 8 + 15) & ~15)
  }
}
