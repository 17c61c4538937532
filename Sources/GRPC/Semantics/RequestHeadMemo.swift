internal import HTTP2

/// The head of the last call without a timeout, and the header block it was read from.
struct RequestHeadMemo: ~Copyable {
  private var block = BlockMemo()
  private var head: RequestHead?

  /// What `block` was read as, if it is the one that is remembered.
  @inline(__always)
  func head(of block: RawSpan) -> RequestHead? {
    guard let head = self.head, self.block.holds(block) else { return nil }
    return head
  }

  mutating func remember(_ head: RequestHead, of block: RawSpan) {
    self.block.remember(block)
    self.head = head
  }
}
