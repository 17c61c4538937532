internal import Glibc

/// Address space from the kernel, outside malloc: it becomes memory as it is touched, and what is
/// given back leaves the process at once.
enum Mapping {
  /// Zeroed memory that costs nothing until it is touched; nil where the system gives none.
  ///
  /// - Parameter isUsedNow: All of it is going to be written at once: the kernel then provides the
  ///   memory in one go, and not page by page as it is touched.
  static func reserveIfPossible(
    byteCount: Int, isUsedNow: Bool = false
  ) -> UnsafeMutableRawPointer? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (isUsedNow ? MAP_POPULATE : 0)
    let pages = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
    return pages == MAP_FAILED ? nil : pages
  }

  /// As `reserveIfPossible`, for what the store cannot do without.
  static func reserve(byteCount: Int) -> UnsafeMutableRawPointer {
    guard let pages = self.reserveIfPossible(byteCount: byteCount) else {
      fatalError(
        "the system refused \(byteCount) bytes of address space (errno \(errno)): raise the limit"
          + " (ulimit -v, vm.overcommit_memory), or set --memory lower")
    }
    return pages
  }

  /// Asks for large pages where all of the memory is going to be used: a look that touches any of it
  /// then needs no walk of the page table. The kernel may say no, and nothing but speed is lost.
  static func preferLargePages(_ pages: UnsafeMutableRawPointer, byteCount: Int) {
    guard byteCount >= self.largePagesFrom else { return }
    _ = madvise(pages, byteCount, MADV_HUGEPAGE)
  }

  /// Asks for no more large pages; those that are there stay until they are given back.
  static func avoidLargePages(_ pages: UnsafeMutableRawPointer, byteCount: Int) {
    _ = madvise(pages, byteCount, MADV_NOHUGEPAGE)
  }

  /// Below, the rest of a page of 2 MiB would be a large part.
  private static let largePagesFrom = 16 << 20

  /// Provides the memory of pages that are going to be written, in one go and not fault by fault. A
  /// kernel before 5.14 does not know how, and nothing but speed is lost.
  static func provide(_ pages: UnsafeMutableRawPointer, byteCount: Int) {
    // MADV_POPULATE_WRITE, which Glibc's module does not have.
    _ = madvise(pages, byteCount, 23)
  }

  static func release(_ pages: UnsafeMutableRawPointer, byteCount: Int) {
    let result = munmap(pages, byteCount)
    precondition(result == 0, "munmap refused pages that mmap gave: errno \(errno)")
  }

  /// Gives the memory of these pages back; they are zeroed when they are touched again.
  static func discard(_ pages: UnsafeMutableRawPointer, byteCount: Int) {
    let result = madvise(pages, byteCount, MADV_DONTNEED)
    precondition(result == 0, "madvise refused pages that mmap gave: errno \(errno)")
  }
}
