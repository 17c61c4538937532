internal import HTTP2

/// A copy of the last header block of a kind: peers send the same block for call after call, and a
/// comparison is cheaper than parsing. Kept in raw memory by its owner, for the reason that `Turn`
/// gives.
struct BlockMemo: ~Copyable {
  private var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { self.block.deallocate() }

  /// Whether `block` is the one that is remembered. One without bytes is none.
  @inline(__always)
  func holds(_ block: RawSpan) -> Bool {
    // `self.block` is ours alone, and initialised by `remember`.
    !self.block.isEmpty
      && block.equals(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(self.block)))
  }

  mutating func remember(_ block: RawSpan) {
    if self.block.count != block.byteCount {
      self.block.deallocate()
      self.block = .allocate(byteCount: block.byteCount, alignment: 1)
    }
    let target = self.block
    block.withUnsafeBytes { target.copyMemory(from: $0) }
  }
}
