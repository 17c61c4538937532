internal import Glibc

/// An array of bucket heads, a power of two of them, in pages of their own.
///
/// Straight from mmap: the pages come zeroed only as they are touched, so a large array costs
/// nothing up front, and what it takes is exact. Freed by hand, once.
///
/// Unchecked, because it is a pointer: used under the shard's lock only, or by `Garbage` once
/// nothing else knows it.
struct Buckets: @unchecked Sendable {
  private let heads: UnsafeMutablePointer<EntryReference?>
  let mask: Int
  /// What the array takes of the budget.
  var chargedBytes: Int { Self.chargedBytes(count: self.mask + 1) }

  /// The smallest array: one page.
  static let countMin = 512

  static func chargedBytes(count: Int) -> Int { max(4096, count * 8) }

  /// - Returns: nil where the system has no memory to give.
  init?(count: Int) {
    precondition(count >= Self.countMin && count & (count - 1) == 0, "not a power of two")
    let size = Self.chargedBytes(count: count)
    let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else { return nil }
    // The pages are aligned, hold `count` words of 8 bytes, and are all zero, which is nil: an
    // optional pointer has no other representation of nil (the tests check it).
    self.heads = pages.bindMemory(to: EntryReference?.self, capacity: count)
    self.mask = count - 1
  }

  var count: Int { self.mask + 1 }

  subscript(index: Int) -> EntryReference? {
    get {
      // Masked, so within the array.
      self.heads[index & self.mask]
    }
    nonmutating set {
      // Masked, so within the array.
      self.heads[index & self.mask] = newValue
    }
  }

  func free() {
    let result = munmap(self.heads, self.chargedBytes)
    precondition(result == 0, "munmap refused pages that mmap gave: errno \(errno)")
  }
}
