import Testing

@testable import GRPC

/// The limit of these tests, in bytes.
private let messageMaxBytes = 10

private func message(_ bytes: [UInt8]) -> [UInt8] { [0, 0, 0, 0, UInt8(bytes.count)] + bytes }

/// The length of the message that `bytes` begin with, or nil while it is not known.
private func parse(_ bytes: [UInt8]) throws(FramingError) -> Int? {
  try MessagePrefix.parse(
    bytes.span.bytes, messageMaxBytes: messageMaxBytes, encoding: .identity)?.length
}

/// The length of a unary call's whole message, or nil while it is not whole.
private func unary(_ bytes: [UInt8], isEnd: Bool) throws(FramingError) -> Int? {
  try MessagePrefix.unary(
    bytes.span.bytes, isEnd: isEnd, messageMaxBytes: messageMaxBytes, encoding: .identity)?.length
}

@Suite struct MessagePrefixTests {
  @Test func `a prefix cut at each byte is waited for`() throws {
    let bytes: [UInt8] = [0, 0, 0, 0, 3]
    for count in 0..<5 { #expect(try parse(Array(bytes[..<count])) == nil) }
    #expect(try parse(bytes) == 3)
  }

  @Test func `a message of the limit is taken, and one of a byte more is refused on its prefix`()
    throws
  {
    #expect(try parse([0, 0, 0, 0, 10]) == 10)
    #expect(throws: FramingError.tooLarge(length: 11, max: 10)) { try parse([0, 0, 0, 0, 11]) }
    #expect(throws: FramingError.tooLarge(length: 0xffff_ffff, max: 10)) {
      try parse([0, 0xff, 0xff, 0xff, 0xff])
    }
    #expect(throws: FramingError.tooLarge(length: 0x0102_0304, max: 10)) {
      try parse([0, 1, 2, 3, 4])
    }
  }

  @Test func `a message of no bytes is a message`() throws {
    #expect(try parse([0, 0, 0, 0, 0]) == 0)
    #expect(try unary([0, 0, 0, 0, 0], isEnd: true) == 0)
  }

  @Test func `flag 1 is refused where no encoding was named, and flag 2 since it is none`() {
    #expect(throws: FramingError.compressedWithoutEncoding) { try parse([1, 0, 0, 0, 0]) }
    for flag in UInt8(2)...255 {
      #expect(throws: FramingError.flagInvalid(flag)) { try parse([flag, 0, 0, 0, 0]) }
    }
  }

  @Test func `flag 1 is taken where an encoding was named, and flag 0 too`() throws {
    for flag in [0, 1] as [UInt8] {
      let prefix = try MessagePrefix.parse(
        [flag, 0, 0, 0, 2].span.bytes, messageMaxBytes: messageMaxBytes, encoding: .gzip)
      #expect(prefix == MessagePrefix(isCompressed: flag == 1, length: 2))
    }
  }

  @Test func `a unary message cut at each byte is waited for, and truncated at the end`() throws {
    let whole = message([7, 8, 9])
    for count in 0..<whole.count {
      let cut = Array(whole[..<count])
      #expect(try unary(cut, isEnd: false) == nil)
      let expected: FramingError = count == 0 ? .noMessage : .truncated
      #expect(throws: expected) { try unary(cut, isEnd: true) }
    }
  }

  @Test func `a whole unary message is served once the call has ended`() throws {
    let whole = message([7, 8, 9])
    #expect(try unary(whole, isEnd: false) == nil)
    #expect(try unary(whole, isEnd: true) == 3)
  }

  @Test func `a second unary message is refused with its first byte, ended or not`() {
    let two = message([7]) + message([8])
    for count in message([7]).count + 1...two.count {
      for isEnd in [false, true] {
        #expect(throws: FramingError.secondMessage) {
          try unary(Array(two[..<count]), isEnd: isEnd)
        }
      }
    }
  }

  @Test func `a prefix is written as a flag of zero and a big-endian length`() {
    let bytes = [UInt8](unsafeUninitializedCapacity: 5) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      var output = OutputRawSpan(buffer: raw, initializedCount: 0)
      MessagePrefix.write(length: 0x0102_0304, into: &output)
      count = output.finalize(for: raw)
    }
    #expect(bytes == [0, 1, 2, 3, 4])
  }

  @Test func `each way of wrong framing has its status`() {
    #expect(FramingError.flagInvalid(2).status.code == .internal)
    #expect(FramingError.compressedWithoutEncoding.status.code == .internal)
    #expect(FramingError.truncated.status.code == .internal)
    #expect(FramingError.noMessage.status.code == .unimplemented)
    #expect(FramingError.secondMessage.status.code == .unimplemented)
    let tooLarge = FramingError.tooLarge(length: 11, max: 10).status
    #expect(tooLarge.code == .resourceExhausted)
    #expect(tooLarge.message == "received message larger than max (11 vs. 10)")
    #expect(tooLarge.info?.reason == "MESSAGE_TOO_LARGE")
    #expect(
      tooLarge.info?.metadata == ["limit": "message-max", "limit_bytes": "10", "size_bytes": "11"])
  }
}
