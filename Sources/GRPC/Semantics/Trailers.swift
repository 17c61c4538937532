internal import HTTP2
internal import NIOCore
internal import Wire

/// The header lists that a server's answers are made of.
///
/// What they say of an error is kept short: libnghttp2 silently drops header lists above 64 KiB,
/// which would leave the call without an answer, and clients take no more than 8 KiB of trailers.
enum Trailers {
  /// Of a status message, as UTF-8; what is beyond is cut. Percent-encoded it is at most three
  /// times as long.
  static let messageMaxBytes = 1024
  /// Of `grpc-status-details-bin`, before Base64; above it the details lose their metadata.
  static let detailsMaxBytes = 2560

  /// Before the messages of an answer that is not compressed.
  static let responseHead = HeaderList(Self.headFields(.identity), isImmortal: true)
  /// The same for callers that are known to compress nothing.
  static let terseHead = HeaderList(
    text: [":status": "200", "content-type": "application/grpc"], isImmortal: true)
  private static let deflateHead = HeaderList(Self.headFields(.deflate), isImmortal: true)
  private static let gzipHead = HeaderList(Self.headFields(.gzip), isImmortal: true)

  /// Before the messages of an answer, some of which may be compressed with `encoding`.
  static func head(_ encoding: MessageEncoding, _ metadata: Metadata) -> HeaderList {
    if metadata.isEmpty { return self.head(encoding) }
    return HeaderList(Self.headFields(encoding) + metadata.headerFields)
  }

  /// `head` without metadata.
  static func head(_ encoding: MessageEncoding) -> HeaderList {
    switch encoding {
    case .identity: return Self.responseHead
    case .deflate: return Self.deflateHead
    case .gzip: return Self.gzipHead
    }
  }

  /// What is taken is always said, so that clients may compress their next call; in every answer the
  /// same, so that HPACK makes one byte of it.
  private static func headFields(
    _ encoding: MessageEncoding
  ) -> [(name: String, value: [UInt8])] {
    var fields = Self.fieldsOfAll
    if encoding != .identity {
      fields.append((name: "grpc-encoding", value: Array(encoding.rawValue.utf8)))
    }
    return fields
  }

  /// What every answer begins with.
  private static let fieldsOfAll = [
    (name: ":status", value: Array("200".utf8)),
    (name: "content-type", value: Array("application/grpc".utf8)),
    (name: "grpc-accept-encoding", value: Array(MessageEncoding.accepted.utf8)),
  ]

  /// After the messages of a call that went well.
  static let ok = HeaderList(text: ["grpc-status": "0"], isImmortal: true)

  /// For what is not gRPC at all: no grpc-status, so that nobody takes it for an answer to a call.
  static func http(_ status: Int) -> HeaderList {
    HeaderList(text: [":status": "\(status)", "content-length": "0"])
  }

  /// After the messages of an answer.
  static func trailers(_ status: Status, _ metadata: Metadata = Metadata()) -> HeaderList {
    if status == .ok && metadata.isEmpty { return self.ok }
    return HeaderList(self.fields(status) + metadata.headerFields)
  }

  /// An answer without messages: its head and its trailers in one block ("Trailers-Only").
  static func only(_ status: Status, _ extra: [(name: String, value: [UInt8])] = []) -> HeaderList {
    HeaderList(self.fieldsOfAll + self.fields(status) + extra)
  }

  private static func fields(_ status: Status) -> [(name: String, value: [UInt8])] {
    let status = Self.shortened(status)
    var fields = [(name: "grpc-status", value: Array("\(status.code.rawValue)".utf8))]
    if !status.message.isEmpty {
      fields.append(("grpc-message", PercentEncoding.encode(status.message)))
    }
    if status.info != nil || status.retryPushback?.delay != nil {
      var details = StatusDetails(status).serialized()
      if details.count > Self.detailsMaxBytes, let info = status.info {
        var short = status
        short.info = ErrorInfo(reason: info.reason, domain: info.domain)
        details = StatusDetails(short).serialized()
      }
      fields.append(("grpc-status-details-bin", Base64.encode(details)))
    }
    if let pushback = status.retryPushback {
      fields.append(("grpc-retry-pushback-ms", Array(pushback.text.utf8)))
    }
    return fields
  }

  private static func shortened(_ status: Status) -> Status {
    let text = status.message
    guard text.utf8.count > Self.messageMaxBytes else { return status }
    // Inside a scalar, the index counts as its beginning.
    let end = text.utf8.index(text.startIndex, offsetBy: Self.messageMaxBytes)
    var short = status
    short.message = "\(text[..<end])..."
    return short
  }
}
