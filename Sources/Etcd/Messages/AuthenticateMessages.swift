internal import Wire

/// `etcdserverpb.AuthenticateRequest`.
struct AuthenticateRequest: WireMessage, WireDecodable, Equatable, Sendable {
  var user: String
  var password: String

  init(user: String, password: String) {
    self.user = user
    self.password = password
  }

  init(from reader: consuming WireReader) throws(WireError) {
    self.init(user: "", password: "")
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.user = String(copyingUTF8: try reader.string(field))
      case 2: self.password = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.user)
    sink.string(field: 2, self.password)
  }
}

/// `etcdserverpb.AuthenticateResponse`.
struct AuthenticateResponse: WireMessage, WireDecodable, Equatable, Sendable {
  var header = ResponseHeader()
  /// Goes with every call, until etcd knows it no more.
  var token = ""

  init() {}

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.token = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.string(field: 2, self.token)
  }
}
