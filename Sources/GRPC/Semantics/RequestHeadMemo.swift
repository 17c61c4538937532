internal import HTTP2

/// The head of the last call without a timeout, and the header block it was read from: clients send
/// the same block for call after call, and a comparison is cheaper than parsing.
///
/// Kept in raw memory by its connection, for the reason that `Turn` gives.
struct RequestHeadMemo: ~Copyable {
  private var block: UnsafeMutableRawBufferPointer
  private var head: RequestHead?

  init() { self.block = UnsafeMutableRawBufferPointer(start: nil, count: 0) }

  deinit { self.block.deallocate() }

  /// What `block` was read as, if it is the one that is remembered.
  @inline(__always)
  func head(of block: RawSpan) -> RequestHead? {
    // `self.block` is ours alone, and initialised by `remember`.
    guard let head = self.head,
      block.equals(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(self.block)))
    else { return nil }
    return head
  }

  mutating func remember(_ head: RequestHead, of block: RawSpan) {
    if self.block.count != block.byteCount {
      self.block.deallocate()
      self.block = .allocate(byteCount: block.byteCount, alignment: 1)
    }
    let target = self.block
    block.withUnsafeBytes { target.copyMemory(from: $0) }
    self.head = head
  }
}
