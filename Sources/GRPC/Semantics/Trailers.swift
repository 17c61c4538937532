internal import HTTP2
internal import Wire

/// The header lists that a server's answers are made of.
enum Trailers {
  /// Before the messages of an answer.
  static let responseHead = HeaderList(
    text: [":status": "200", "content-type": "application/grpc"], isImmortal: true)

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
    HeaderList(
      [(":status", Array("200".utf8)), ("content-type", Array("application/grpc".utf8))]
        + self.fields(status) + extra)
  }

  private static func fields(_ status: Status) -> [(name: String, value: [UInt8])] {
    var fields = [(name: "grpc-status", value: Array("\(status.code.rawValue)".utf8))]
    if !status.message.isEmpty {
      fields.append(("grpc-message", PercentEncoding.encode(status.message)))
    }
    if let info = status.info {
      let details = StatusDetails(status, info).serialized()
      fields.append(("grpc-status-details-bin", Base64.encode(details)))
    }
    return fields
  }
}
