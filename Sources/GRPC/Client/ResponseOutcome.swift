internal import HTTP2
internal import NIOCore

/// Reads from a response how its call ended (PROTOCOL-HTTP2.md, "Responses"). No I/O.
enum ResponseOutcome {
  /// What is wrong with the head of a response whose messages are yet to come; nil: nothing.
  static func fault(inHead fields: HeaderFields) -> Status? {
    let head = ResponseHead(fields)
    guard head.httpStatus == 200 && head.isGRPC else { return head.statusFromHTTP }
    guard head.encoding != nil else {
      return Status(
        .internal,
        "the response has grpc-encoding \(head.encodingName.text), which was not offered")
    }
    return nil
  }

  /// What the messages of a response may be compressed with whose head has no fault.
  static func encoding(inHead fields: HeaderFields) -> MessageEncoding {
    ResponseHead(fields).encoding ?? .identity
  }

  /// How a call ended whose response is whole.
  ///
  /// - Parameters:
  ///   - head: its head.
  ///   - trailers: its trailers; the head once more where it stands alone ("Trailers-Only").
  static func status(head: HeaderFields, trailers: HeaderFields) -> Status {
    if let status = self.status(in: trailers) { return status }
    return ResponseHead(head).statusFromHTTP
  }

  /// The status that `fields` carry, or nil where there is no grpc-status among them.
  static func status(in fields: HeaderFields) -> Status? {
    var fields = fields
    var status: Status?
    var message = ""
    var details: (info: ErrorInfo?, retryDelay: TimeAmount?)
    var pushback: RetryPushback?
    while let field = fields.next() {
      switch field.name.byteCount {
      case 11 where field.name.equals("grpc-status"):
        status = self.code(field.value)
      case 12 where field.name.equals("grpc-message"):
        message = PercentEncoding.decode(field.value)
      case 22 where field.name.equals("grpc-retry-pushback-ms"):
        pushback = RetryPushback(field.value)
      case 23 where field.name.equals("grpc-status-details-bin"):
        details = self.details(field.value)
      default:
        break
      }
    }
    guard var status, status.code != .ok else { return status }
    if !message.isEmpty { status.message = message }
    status.info = details.info
    // The details say it to the nanosecond.
    status.retryPushback =
      pushback == .never ? .never : details.retryDelay.map { .after($0) } ?? pushback
    return status
  }

  private static func code(_ value: RawSpan) -> Status {
    guard (1...9).contains(value.byteCount), let number = Int(value.text),
      let code = StatusCode(rawValue: number)
    else { return Status(.unknown, "the server answered grpc-status \"\(value.text)\"") }
    return Status(code)
  }

  /// Details are beside the status; those that cannot be read must not hide it.
  private static func details(
    _ value: RawSpan
  ) -> (info: ErrorInfo?, retryDelay: TimeAmount?) {
    guard let bytes = Base64.decode(value) else { return (nil, nil) }
    do {
      return try StatusDetails.details(in: bytes.span.bytes)
    } catch {
      return (nil, nil)
    }
  }

  /// How a call ends whose stream was reset before a status came (PROTOCOL-HTTP2.md, "Errors").
  static func status(reset code: ErrorCode, by peer: String) -> Status {
    let status: StatusCode =
      switch code {
      case .refusedStream: .unavailable
      case .cancel: .cancelled
      case .enhanceYourCalm: .resourceExhausted
      case .inadequateSecurity: .permissionDenied
      default: .internal
      }
    return Status(status, "\(peer) ended the call with \(code)")
  }
}

/// The fields of a response's head that every call looks at.
struct ResponseHead: ~Escapable {
  private(set) var httpStatus = 0
  private(set) var isGRPC = false
  /// Nil: one that is not known here.
  private(set) var encoding: MessageEncoding? = .identity
  private(set) var encodingName: RawSpan
  private var contentType: RawSpan

  @_lifetime(copy fields)
  init(_ fields: HeaderFields) {
    self.encodingName = RawSpan()
    self.contentType = RawSpan()
    var fields = fields
    while let field = fields.next() {
      switch field.name.byteCount {
      case 7 where field.name.equals(":status"):
        // libnghttp2 lets only three digits through.
        self.httpStatus = Int(field.value.text) ?? 0
      case 12 where field.name.equals("content-type"):
        self.contentType = field.value
        self.isGRPC = RequestHead.isGRPC(field.value)
      case 13 where field.name.equals("grpc-encoding"):
        self.encodingName = field.value
        self.encoding = MessageEncoding(field.value)
      default:
        break
      }
    }
  }

  /// For a response without grpc-status (grpc/grpc, doc/http-grpc-status-mapping.md).
  var statusFromHTTP: Status {
    let code: StatusCode =
      switch self.httpStatus {
      case 400: .internal
      case 401: .unauthenticated
      case 403: .permissionDenied
      case 404: .unimplemented
      case 429, 502, 503, 504: .unavailable
      default: .unknown
      }
    guard self.isGRPC else {
      return Status(
        code,
        "the server answered HTTP \(self.httpStatus) with content-type "
          + "\"\(self.contentType.text)\", not gRPC")
    }
    return Status(code, "the server answered HTTP \(self.httpStatus) without a grpc-status")
  }
}
