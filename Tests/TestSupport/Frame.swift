/// HTTP/2 frames spelled as bytes (RFC 9113, section 4.1), for what a well-behaved session never
/// sends. Nothing is checked: a test may build whatever it likes.
public enum Frame {
  /// What a client says first (RFC 9113, section 3.4).
  public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  /// A client's first bytes: the preface and an empty SETTINGS.
  public static var clientHello: [UInt8] { self.preface + self.settings() }

  public static let endStream: UInt8 = 0x1
  public static let acknowledgement: UInt8 = 0x1
  public static let endHeaders: UInt8 = 0x4

  /// One frame: 24-bit length, type, flags, stream, payload.
  public static func bytes(
    type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []
  ) -> [UInt8] {
    let length = UInt32(payload.count)
    return [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
      + [type, flags] + self.bigEndian(stream) + payload
  }

  public static func data(
    stream: UInt32, _ payload: [UInt8], endStream: Bool = false
  ) -> [UInt8] {
    self.bytes(type: 0x0, flags: endStream ? self.endStream : 0, stream: stream, payload)
  }

  /// A whole header block in one frame.
  public static func headers(
    stream: UInt32, _ fields: KeyValuePairs<String, String>, endStream: Bool = false
  ) -> [UInt8] {
    let flags = self.endHeaders | (endStream ? self.endStream : 0)
    return self.bytes(type: 0x1, flags: flags, stream: stream, self.hpack(fields))
  }

  public static func resetStream(stream: UInt32, code: UInt32) -> [UInt8] {
    self.bytes(type: 0x3, stream: stream, self.bigEndian(code))
  }

  /// SETTINGS with `entries`: identifier and value.
  public static func settings(_ entries: [(UInt16, UInt32)] = []) -> [UInt8] {
    self.bytes(
      type: 0x4,
      entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xff)] + self.bigEndian($0.1) })
  }

  public static func settingsAcknowledgement() -> [UInt8] {
    self.bytes(type: 0x4, flags: self.acknowledgement)
  }

  public static func ping(_ payload: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]) -> [UInt8] {
    self.bytes(type: 0x6, payload)
  }

  public static func goAway(lastStream: UInt32, code: UInt32, _ debug: String = "") -> [UInt8] {
    self.bytes(
      type: 0x7, self.bigEndian(lastStream) + self.bigEndian(code) + Array(debug.utf8))
  }

  public static func windowUpdate(stream: UInt32, _ increment: UInt32) -> [UInt8] {
    self.bytes(type: 0x8, stream: stream, self.bigEndian(increment))
  }

  public static func continuation(
    stream: UInt32, _ payload: [UInt8], endHeaders: Bool = false
  ) -> [UInt8] {
    self.bytes(type: 0x9, flags: endHeaders ? self.endHeaders : 0, stream: stream, payload)
  }

  /// Fields as "literal header field without indexing, new name" (RFC 7541, section 6.2.2), without
  /// Huffman coding: 0x00, then name and value, each after its length.
  public static func hpack(_ fields: KeyValuePairs<String, String>) -> [UInt8] {
    fields.flatMap { [0x00] + self.literal($0.key) + self.literal($0.value) }
  }

  /// A string literal whose length has a prefix of seven bits (RFC 7541, section 5.1).
  private static func literal(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var length: [UInt8] = [127]
    var rest = bytes.count - 127
    while rest >= 128 {
      length.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return length + [UInt8(rest)] + bytes
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [
      UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff),
    ]
  }
}

/// A frame taken apart again, to be compared with what a test expects.
public struct SentFrame: Equatable, Sendable {
  public let type: UInt8
  public let flags: UInt8
  public let stream: UInt32
  public let payload: [UInt8]

  public var isData: Bool { self.type == 0x0 }
  public var isHeaders: Bool { self.type == 0x1 }
  public var isResetStream: Bool { self.type == 0x3 }
  public var isPing: Bool { self.type == 0x6 }
  public var isGoAway: Bool { self.type == 0x7 }
  public var isWindowUpdate: Bool { self.type == 0x8 }
  public var isEnd: Bool { (self.isData || self.isHeaders) && self.flags & Frame.endStream != 0 }

  /// The error code of RST_STREAM and GOAWAY, or the increment of WINDOW_UPDATE.
  public var code: UInt32 { self.word(at: self.isGoAway ? 4 : 0) }

  /// What a GOAWAY says to people.
  public var debugText: String { String(decoding: self.payload.dropFirst(8), as: UTF8.self) }

  /// The last stream that a GOAWAY names.
  public var lastStream: UInt32 { self.word(at: 0) & 0x7fff_ffff }

  private func word(at offset: Int) -> UInt32 {
    self.payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Takes the whole frames from the front of `bytes`; what is left of a cut one stays there.
  public static func takeAll(from bytes: inout [UInt8]) -> [SentFrame] {
    var frames: [SentFrame] = []
    var rest = bytes[...]
    while rest.count >= 9 {
      let head = Array(rest.prefix(9))
      let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      guard rest.count >= 9 + length else { break }
      let stream = head[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      frames.append(
        SentFrame(
          type: head[3], flags: head[4], stream: stream,
          payload: Array(rest.dropFirst(9).prefix(length))))
      rest = rest.dropFirst(9 + length)
    }
    bytes = Array(rest)
    return frames
  }

  /// The whole frames in `bytes`.
  public static func all(in bytes: [UInt8]) -> [SentFrame] {
    var bytes = bytes
    return self.takeAll(from: &bytes)
  }
}

extension [SentFrame] {
  /// The frames of one stream; of the connection for 0.
  public func of(_ stream: some BinaryInteger) -> [SentFrame] {
    self.filter { Int($0.stream) == Int(stream) }
  }

  public var types: [UInt8] { self.map(\.type) }

  /// What the DATA frames hold together.
  public var body: [UInt8] { self.filter(\.isData).flatMap(\.payload) }

  /// The error codes of the RST_STREAM frames.
  public var resetCodes: [UInt32] { self.filter(\.isResetStream).map(\.code) }

  /// The GOAWAY frames.
  public var goAways: [SentFrame] { self.filter(\.isGoAway) }
}
