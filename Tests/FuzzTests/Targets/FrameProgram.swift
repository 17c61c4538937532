import TestSupport

/// Turns an input into what a peer sends. Bytes at random are seldom a frame; here each operation is
/// one, or something close to it, so that the search gets behind the framing.
struct FrameProgram {
  /// The whole of it, in the pieces in which it is read.
  private(set) var reads: [[UInt8]] = []

  /// - Parameter blocks: header blocks that an operation can name.
  init(_ input: [UInt8], hello: [UInt8], blocks: [[UInt8]], firstStream: UInt32) {
    var reader = InputReader(input)
    let mode = reader.byte()
    var bytes = mode & 1 == 0 ? hello : []
    // Without structure: the input is what is sent.
    if mode & 2 != 0 { bytes += reader.remaining() }
    var streams: UInt32 = 0
    var operations = 0
    while !reader.isEmpty && operations < 400 {
      operations += 1
      let operation = reader.byte()
      switch operation % 8 {
      case 0:
        // A call of one of the blocks, whole or without an end.
        let block = blocks[Int(reader.byte()) % blocks.count]
        let flags = Frame.endHeaders | (operation & 8 != 0 ? Frame.endStream : 0)
        bytes += Frame.bytes(
          type: 1, flags: flags, stream: firstStream + 2 * streams, block)
        streams += 1
      case 1:
        // A part of a body on a stream that was opened, or was not.
        let id = firstStream + 2 * UInt32(reader.byte() % 8)
        let body = reader.bytes(Int(reader.byte()))
        bytes += Frame.bytes(type: 0, flags: operation >> 3 & 1, stream: id, body)
      case 2:
        // A whole message.
        let id = firstStream + 2 * UInt32(reader.byte() % 8)
        let message = reader.bytes(Int(reader.byte()))
        let prefix: [UInt8] = [operation >> 4 & 1, 0, 0, 0, UInt8(message.count)]
        bytes += Frame.bytes(type: 0, flags: operation >> 3 & 1, stream: id, prefix + message)
      case 3:
        bytes += Frame.windowUpdate(
          stream: UInt32(reader.byte() % 8), operation & 8 != 0 ? reader.uint32() : 70_000)
      case 4:
        bytes += Frame.resetStream(
          stream: firstStream + 2 * UInt32(reader.byte() % 8), code: UInt32(reader.byte()))
      case 5:
        bytes += Frame.settings([(UInt16(reader.byte() % 10), reader.uint32())])
      default:
        // Any frame at all.
        let type = reader.byte()
        let flags = reader.byte()
        let stream = operation & 8 != 0 ? reader.uint32() : UInt32(reader.byte())
        bytes += Frame.bytes(
          type: type, flags: flags, stream: stream, reader.bytes(Int(reader.byte())))
      }
    }
    self.cut(bytes, at: Int(mode >> 2))
  }

  /// Pieces of 1, 2, 3, ... bytes, up to `step` times 16; one piece where it is 0.
  private mutating func cut(_ bytes: [UInt8], at step: Int) {
    guard step > 0 else {
      self.reads = [bytes]
      return
    }
    var rest = bytes[...]
    var size = step
    while !rest.isEmpty {
      self.reads.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
      size = min(size * 2, 16 << 10)
    }
  }
}
