import HTTP2
import Logging
import TestSupport

/// `bytes` as one gRPC message: flag 0, big-endian length, bytes.
func framed(_ bytes: [UInt8]) -> [UInt8] {
  let length = UInt32(bytes.count)
  return [
    0, UInt8(length >> 24), UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff),
    UInt8(length & 0xff),
  ] + bytes
}

/// The head of a request to `path`, with `extra` fields after it.
func requestHead(_ path: String, _ extra: [(String, String)] = []) -> HeaderList {
  let fields =
    [
      (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
      ("te", "trailers"), ("content-type", "application/grpc"),
    ] + extra
  return HeaderList(fields.map { (name: $0.0, value: Array($0.1.utf8)) })
}

/// The head of every answer that is not compressed and has no metadata.
let plainHead = [
  ":status": "200", "content-type": "application/grpc",
  "grpc-accept-encoding": "identity,deflate,gzip",
]

/// Bytes of which no two neighbouring pieces are alike.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
}

/// Logs nothing.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension Exchange {
  /// The grpc-status, wherever it came: after messages, or with the head.
  var status: Int? { self.field("grpc-status").flatMap { Int($0) } }

  /// The grpc-message as it was sent, percent-encoded.
  var message: String? { self.field("grpc-message") }

  /// A field of the trailers, or of a head that stands alone.
  func field(_ name: String) -> String? { self.trailers[name] ?? self.head[name] }

  /// The whole messages in the body.
  var messages: [[UInt8]] {
    var messages: [[UInt8]] = []
    var rest = self.body[...]
    while rest.count >= 5 {
      let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 5 + length else { break }
      messages.append(Array(rest.dropFirst(5).prefix(length)))
      rest = rest.dropFirst(5 + length)
    }
    return messages
  }
}
