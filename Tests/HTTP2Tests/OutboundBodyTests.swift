import Testing

@testable import HTTP2

/// A large value, and whoever keeps it alive.
final class Value {
  let buffer: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    self.buffer = .allocate(byteCount: bytes.count, alignment: 1)
    self.buffer.copyBytes(from: bytes)
  }

  deinit { self.buffer.deallocate() }
}

@Suite struct OutboundBodyTests {
  @Test func `a body without a splice is read in order`() {
    var body = OutboundBody()
    body.append([1, 2, 3])
    #expect(body.read(2) == [1, 2])
    body.append([4])
    #expect(body.count == 2)
    #expect(body.read(2) == [3, 4])
    #expect(body.count == 0)
  }

  @Test func `a spliced value comes between its head and its tail for every size of read`() {
    let expected: [UInt8] = [1, 2, 3, 10, 11, 12, 13, 14, 21, 22]
    for size in 1...expected.count {
      var body = OutboundBody()
      body.append([1, 2, 3])
      let value = Value([10, 11, 12, 13, 14])
      body.splice(UnsafeRawBufferPointer(value.buffer), owner: value)
      body.append([21, 22])
      #expect(body.count == expected.count)
      var read: [UInt8] = []
      while body.count > 0 { read += body.read(min(size, body.count)) }
      #expect(read == expected, "reads of \(size) bytes")
    }
  }

  @Test func `bytes appended while the value is half sent come after it`() {
    var body = OutboundBody()
    let value = Value([10, 11, 12])
    body.splice(UnsafeRawBufferPointer(value.buffer), owner: value)
    #expect(body.read(1) == [10])
    body.append([1])
    #expect(body.read(3) == [11, 12, 1])
  }

  @Test func `the value's owner is let go with its last byte, and another value may follow`() {
    var body = OutboundBody()
    weak var owner: Value?
    do {
      let value = Value([10, 11])
      owner = value
      body.splice(UnsafeRawBufferPointer(value.buffer), owner: value)
    }
    #expect(body.read(1) == [10])
    #expect(owner != nil)
    #expect(body.read(1) == [11])
    #expect(owner == nil)
    let next = Value([12])
    body.splice(UnsafeRawBufferPointer(next.buffer), owner: next)
    #expect(body.read(1) == [12])
  }

  @Test func `recycling lets go of a value that was not sent, and of the end`() {
    var body = OutboundBody()
    weak var owner: Value?
    do {
      let value = Value([10, 11])
      owner = value
      body.splice(UnsafeRawBufferPointer(value.buffer), owner: value)
    }
    body.finish(trailers: HeaderList(text: ["grpc-status": "0"]))
    #expect(body.isFinished == true && body.trailers != nil)
    body.recycle(capacityMaxBytes: 0)
    #expect(owner == nil)
    #expect(body.count == 0 && body.isFinished == false && body.trailers == nil)
  }
}

extension OutboundBody {
  mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { self.append($0) } }

  /// The next `count` bytes.
  mutating func read(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { self.read(into: $0) }
    return bytes
  }
}
