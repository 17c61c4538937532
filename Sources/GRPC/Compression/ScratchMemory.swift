/// Memory that one message passes through at a time, kept for the next while it is small.
struct ScratchMemory: ~Copyable {
  /// What is kept between messages, in bytes.
  static let keptBytes = 64 << 10

  private(set) var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init() {}

  deinit { self.bytes.deallocate() }

  /// Makes room for `count` bytes in all, and keeps the first `kept` of those that are there.
  mutating func grow(to count: Int, keeping kept: Int = 0) {
    guard count > self.bytes.count else { return }
    let new = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    new.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.bytes.prefix(kept)))
    self.bytes.deallocate()
    self.bytes = new
  }

  /// Gives back what a large message left behind.
  mutating func trim() {
    guard self.bytes.count > Self.keptBytes else { return }
    self.bytes.deallocate()
    self.bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }
}
