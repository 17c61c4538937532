internal import Wire

/// google.rpc.Status with one google.rpc.ErrorInfo: what `grpc-status-details-bin` holds
/// (Protos/google/rpc). Details of other types are passed over when reading.
struct StatusDetails: WireMessage {
  static let errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo"

  let code: Int32
  let message: String
  let info: ErrorInfo

  init(_ status: Status, _ info: ErrorInfo) {
    self.code = Int32(status.code.rawValue)
    self.message = status.message
    self.info = info
  }

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.code)
    sink.string(field: 2, self.message)
    let detail = ErrorInfoMessage(info: self.info).serialized()
    sink.message(field: 3, AnyMessage(type: Self.errorInfoType, value: detail))
  }

  /// The first ErrorInfo in serialised google.rpc.Status `bytes`, or nil.
  static func errorInfo(in bytes: RawSpan) throws(WireError) -> ErrorInfo? {
    var reader = WireReader(bytes)
    while let field = try reader.nextField() {
      guard field.number == 3 else {
        try reader.skip(field)
        continue
      }
      var detail = try reader.message(field)
      if let info = try Self.errorInfo(inAny: &detail) { return info }
    }
    return nil
  }

  private static func errorInfo(inAny reader: inout WireReader) throws(WireError) -> ErrorInfo? {
    var type = ""
    var info: ErrorInfo?
    while let field = try reader.nextField() {
      switch field.number {
      case 1: type = String(copyingUTF8: try reader.string(field))
      case 2 where type == Self.errorInfoType:
        var value = try reader.message(field)
        info = try ErrorInfoMessage(decoding: &value).info
      default: try reader.skip(field)
      }
    }
    // A value of no bytes is not sent at all: an ErrorInfo in which everything is empty.
    return type == Self.errorInfoType ? info ?? ErrorInfo(reason: "", domain: "") : nil
  }
}

/// google.protobuf.Any.
private struct AnyMessage: WireMessage {
  let type: String
  let value: [UInt8]

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.type)
    sink.bytes(field: 2, self.value.span.bytes)
  }
}

/// One entry of a map<string, string>.
private struct MapEntry: WireMessage {
  var key = ""
  var value = ""

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.key)
    sink.string(field: 2, self.value)
  }
}

/// google.rpc.ErrorInfo.
private struct ErrorInfoMessage: WireMessage {
  var info: ErrorInfo

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.info.reason)
    sink.string(field: 2, self.info.domain)
    // Sorted, so that equal errors are equal bytes.
    for (key, value) in self.info.metadata.sorted(by: { $0.key < $1.key }) {
      sink.message(field: 3, MapEntry(key: key, value: value))
    }
  }
}

extension ErrorInfoMessage {
  init(decoding reader: inout WireReader) throws(WireError) {
    self.info = ErrorInfo(reason: "", domain: "")
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.info.reason = String(copyingUTF8: try reader.string(field))
      case 2: self.info.domain = String(copyingUTF8: try reader.string(field))
      case 3:
        var inner = try reader.message(field)
        let entry = try MapEntry(decoding: &inner)
        self.info.metadata[entry.key] = entry.value
      default: try reader.skip(field)
      }
    }
  }
}

extension MapEntry {
  fileprivate init(decoding reader: inout WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = String(copyingUTF8: try reader.string(field))
      case 2: self.value = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }
}
