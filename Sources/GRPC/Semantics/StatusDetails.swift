internal import NIOCore
internal import Wire

/// google.rpc.Status with a google.rpc.ErrorInfo and a google.rpc.RetryInfo, or one of them: what
/// `grpc-status-details-bin` holds (Protos/google/rpc). Details of other types are passed over when
/// reading.
struct StatusDetails: WireMessage {
  static let errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo"
  static let retryInfoType = "type.googleapis.com/google.rpc.RetryInfo"

  let code: Int32
  let message: String
  let info: ErrorInfo?
  let retryDelay: TimeAmount?

  init(_ status: Status) {
    self.code = Int32(status.code.rawValue)
    self.message = status.message
    self.info = status.info
    self.retryDelay = status.retryPushback?.delay
  }

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.code)
    sink.string(field: 2, self.message)
    if let info = self.info {
      let detail = ErrorInfoMessage(info: info).serialized()
      sink.message(field: 3, AnyMessage(type: Self.errorInfoType, value: detail))
    }
    if let delay = self.retryDelay {
      let detail = RetryInfoMessage(delay: DurationMessage(delay)).serialized()
      sink.message(field: 3, AnyMessage(type: Self.retryInfoType, value: detail))
    }
  }

  /// What serialised google.rpc.Status `bytes` say beside code and message: of each kind the first.
  static func details(
    in bytes: RawSpan
  ) throws(WireError) -> (info: ErrorInfo?, retryDelay: TimeAmount?) {
    var reader = WireReader(bytes)
    var info: ErrorInfo?
    var retryDelay: TimeAmount?
    while let field = try reader.nextField() {
      guard field.number == 3 else {
        try reader.skip(field)
        continue
      }
      var detail = try reader.message(field)
      // A value of no bytes is not sent at all: a message in which everything is empty.
      var value = WireReader(RawSpan())
      switch try Self.open(&detail, &value) {
      case Self.errorInfoType where info == nil:
        info = try ErrorInfoMessage(decoding: &value).info
      case Self.retryInfoType where retryDelay == nil:
        retryDelay = try RetryInfoMessage(decoding: &value).delay.amount
      default: break
      }
    }
    return (info, retryDelay)
  }

  /// The type of a google.protobuf.Any, whose value `value` then reads.
  @_lifetime(value: copy reader)
  private static func open(
    _ reader: inout WireReader, _ value: inout WireReader
  ) throws(WireError) -> String {
    var type = ""
    while let field = try reader.nextField() {
      switch field.number {
      case 1: type = String(copyingUTF8: try reader.string(field))
      case 2: value = try reader.message(field)
      default: try reader.skip(field)
      }
    }
    return type
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

/// google.rpc.RetryInfo.
private struct RetryInfoMessage: WireMessage {
  var delay: DurationMessage

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.delay)
  }
}

extension RetryInfoMessage {
  fileprivate init(decoding reader: inout WireReader) throws(WireError) {
    self.delay = DurationMessage(.nanoseconds(0))
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        var inner = try reader.message(field)
        self.delay = try DurationMessage(decoding: &inner)
      default: try reader.skip(field)
      }
    }
  }
}

/// google.protobuf.Duration.
private struct DurationMessage: WireMessage {
  var seconds: Int64
  var nanoseconds: Int32

  init(_ amount: TimeAmount) {
    self.seconds = amount.nanoseconds / 1_000_000_000
    self.nanoseconds = Int32(amount.nanoseconds % 1_000_000_000)
  }

  /// Durations beyond what a `TimeAmount` can tell, 292 years, count as just that.
  var amount: TimeAmount {
    // An int32 of nanoseconds is less than 3 s.
    let limit = Int64.max / 1_000_000_000 - 3
    let seconds = min(max(self.seconds, -limit), limit)
    return .nanoseconds(seconds * 1_000_000_000 + Int64(self.nanoseconds))
  }

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.seconds)
    sink.int32(field: 2, self.nanoseconds)
  }
}

extension DurationMessage {
  fileprivate init(decoding reader: inout WireReader) throws(WireError) {
    self.init(.nanoseconds(0))
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.seconds = try reader.int64(field)
      case 2: self.nanoseconds = try reader.int32(field)
      default: try reader.skip(field)
      }
    }
  }
}
