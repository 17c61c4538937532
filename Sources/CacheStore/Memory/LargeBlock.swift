internal import Glibc

/// The memory of a large value: pages of the store's `LargeMemory`, or malloc's where it is not that
/// large. Below `pagedMinBytes` the rest of the last page would be too large a part.
///
/// Freed by hand, once. Unchecked, because it is a pointer; `Extent` says who may use it when.
struct LargeBlock: @unchecked Sendable {
  private enum Origin {
    case malloc
    case largeMemory
    /// Where that has no room in one piece.
    case mapping
  }

  let start: UnsafeMutableRawPointer
  private let byteCount: Int
  private let origin: Origin

  private static let pagedMinBytes = 4 << 10

  init(byteCount: Int, from memory: LargeMemory) {
    self.byteCount = byteCount
    if byteCount >= Self.pagedMinBytes {
      if let pages = memory.allocate(byteCount: byteCount) {
        self.start = pages
        self.origin = .largeMemory
        return
      }
      // The number of mappings that a process may have is limited (vm.max_map_count): malloc has the rest.
      if let pages = Mapping.reserveIfPossible(byteCount: byteCount, isUsedNow: true) {
        self.start = pages
        self.origin = .mapping
        return
      }
    }
    guard let block = malloc(max(1, byteCount)) else {
      fatalError(
        "the system refused \(byteCount) bytes: set --memory below what the machine can give")
    }
    self.start = block
    self.origin = .malloc
  }

  /// - Parameter memory: The same that the block is from.
  func free(to memory: LargeMemory) {
    switch self.origin {
    case .malloc: Glibc.free(self.start)
    case .largeMemory: memory.free(self.start, byteCount: self.byteCount)
    case .mapping: Mapping.release(self.start, byteCount: self.byteCount)
    }
  }

  /// What the block really takes: whole pages with what waits beside them, or malloc's multiples of 16
  /// bytes with a word for itself (glibc's malloc.c, "checked_request2size").
  var chargedBytes: Int {
    self.origin == .malloc
      ? max(32, (self.byteCount + 8 + 15) & ~15)
      : LargeMemory.chargedBytes(of: self.byteCount)
  }
}
