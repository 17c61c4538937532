/// What a stream has yet to send: bytes of its own, and at most one large value that stays where it
/// is and is copied out piece by piece as the peer's window opens.
///
///     bytes before the splice | the spliced value | bytes after it
struct OutboundBody: ~Copyable {
  private struct Splice {
    /// Keeps the value's memory alive.
    let owner: AnyObject
    /// What is left of the value.
    var rest: UnsafeRawBufferPointer
    /// How many of `bytes` go out before it.
    var offset: Int
  }

  private(set) var bytes = ByteStore()
  private var splice: Splice?
  /// Nothing will be appended any more.
  private(set) var isFinished = false
  /// What follows the body; nil where END_STREAM rides on the last DATA frame.
  private(set) var trailers: HeaderList?

  init() {}

  /// Bytes left to send.
  var count: Int { self.bytes.count + self.splicedCount }

  /// How many of them are the spliced value's.
  var splicedCount: Int { self.splice?.rest.count ?? 0 }

  mutating func append(size: Int, _ write: (inout OutputRawSpan) -> Void) {
    precondition(!self.isFinished, "a finished body takes no more bytes")
    self.bytes.append(size: size, write)
  }

  mutating func append(_ source: UnsafeRawBufferPointer) {
    precondition(!self.isFinished, "a finished body takes no more bytes")
    self.bytes.append(source)
  }

  mutating func overwrite(at offset: Int, bigEndian value: UInt32) {
    self.bytes.overwrite(at: offset, bigEndian: value)
  }

  /// Puts other bytes in the place of those appended so far. Not with a splice among them.
  mutating func replace(size: Int, _ write: (inout OutputRawSpan) -> Void) {
    precondition(!self.isFinished && self.splice == nil, "a body is replaced before it is whole")
    self.bytes.removeAll()
    self.bytes.append(size: size, write)
  }

  /// Puts `value`, which `owner` keeps alive, after the bytes appended so far.
  mutating func splice(_ value: UnsafeRawBufferPointer, owner: AnyObject) {
    precondition(self.splice == nil && value.count > 0, "one large value at a time")
    self.splice = Splice(owner: owner, rest: value, offset: self.bytes.count)
  }

  mutating func finish(trailers: HeaderList?) {
    self.isFinished = true
    self.trailers = trailers
  }

  /// Copies the next bytes to `target`, as many as fit, and drops them here.
  mutating func read(into target: UnsafeMutableRawBufferPointer) {
    precondition(target.count <= self.count)
    var target = target
    while target.count > 0 {
      let source: UnsafeRawBufferPointer
      let isSpliced = self.splice?.offset == 0
      if isSpliced {
        source = self.splice!.rest
      } else {
        source = .init(rebasing: self.bytes.buffer.prefix(self.splice?.offset ?? Int.max))
      }
      let count = min(source.count, target.count)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(count)))
      target = .init(rebasing: target[count...])
      if isSpliced {
        self.splice!.rest = .init(rebasing: source[count...])
        if count == source.count { self.splice = nil }
      } else {
        self.bytes.consume(count)
        self.splice?.offset -= count
      }
    }
  }

  mutating func recycle(capacityMaxBytes: Int) {
    self.bytes.recycle(capacityMaxBytes: capacityMaxBytes)
    self.splice = nil
    self.isFinished = false
    self.trailers = nil
  }
}
