internal import Glibc

/// What a block of the C heap really takes.
enum MallocBlock {
  static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    guard let block = malloc(byteCount) else {
      fatalError(
        "the system refused \(byteCount) bytes: set --memory below what the machine can give")
    }
    return block
  }

  /// What a block asked for with `byteCount` takes, with the allocator's own words.
  ///
  /// glibc (malloc.c, "checked_request2size" and "sysmalloc_mmap") keeps one word with each block,
  /// gives out multiples of 16 bytes from 32 up, and gives blocks from 128 KiB up pages of their
  /// own, with a second word. That limit moves up as such blocks are freed; pages are then more
  /// than is really taken, by less than one.
  static func chargedBytes(byteCount: Int) -> Int {
    let chunk = max(32, (byteCount + 8 + 15) & ~15)
    return chunk < self.mappedMinBytes ? chunk : (chunk + 8 + 4095) & ~4095
  }

  /// glibc's M_MMAP_THRESHOLD, as it is at start.
  private static let mappedMinBytes = 128 << 10
}
