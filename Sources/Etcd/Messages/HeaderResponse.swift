public import Wire

/// An answer that is nothing but its header.
public struct HeaderResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
  }
}

/// `etcdserverpb.CompactionResponse`.
public typealias CompactionResponse = HeaderResponse
/// `etcdserverpb.LeaseRevokeResponse`.
public typealias LeaseRevokeResponse = HeaderResponse

/// A request without fields.
struct EmptyRequest: WireMessage, WireDecodable, Equatable, Sendable {
  init() {}

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() { try reader.skip(field) }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {}
}
