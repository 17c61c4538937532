internal import HTTP2
internal import NIOCore

/// What the head of a request asks for.
struct RequestHead: Equatable {
  /// Index into the server's method table.
  var method: Int
  /// How long the client waits; nil: for ever.
  var timeout: TimeAmount?
  /// What the client compresses its messages with, if it does.
  var encoding = MessageEncoding.identity
  /// What the server may compress its own with.
  var accepts = EncodingSet()
  /// There is a `traceparent` (W3C Trace Context).
  var isTraced = false

  /// Why a request is refused on its head alone.
  enum Refusal: Error, Equatable {
    /// Not gRPC: answered in HTTP's own words.
    case http(Int)
    /// gRPC: answered with a status.
    case status(Status)
    /// `grpc-encoding` names one we do not have.
    case encoding(String)

    /// The refusal, where nobody had an objection before it. What is not gRPC has no status to read,
    /// and keeps HTTP's words.
    func unless(_ objection: Status?) -> Self {
      guard let objection else { return self }
      if case .http = self { return self }
      return .status(objection)
    }
  }

  /// Reads a recorded header block (PROTOCOL-HTTP2.md, "Requests").
  static func parse(_ fields: HeaderFields, _ methods: MethodTable) throws(Refusal) -> Self {
    var fields = fields
    var method: Int?
    var isPost = false
    var isGRPC = false
    var timeout: TimeAmount?
    var encoding = MessageEncoding.identity
    var accepts = EncodingSet()
    var isTraced = false
    var refusal: Refusal?
    while let field = fields.next() {
      // By length first: most fields are none of ours, and are passed over without a comparison.
      switch field.name.byteCount {
      case 5 where field.name.equals(":path"):
        method = methods.index(of: field.value)
        if method == nil {
          refusal = refusal ?? .status(Self.unknownMethod(field.value.text))
        }
      case 7 where field.name.equals(":method"):
        isPost = field.value.equals("POST")
      case 11 where field.name.equals("traceparent"):
        isTraced = true
      case 12 where field.name.equals("content-type"):
        isGRPC = Self.isGRPC(field.value)
      case 12 where field.name.equals("grpc-timeout"):
        timeout = Timeout.parse(field.value)
        if timeout == nil {
          let text =
            "grpc-timeout \"\(field.value.text)\" is not 1 to 8 digits and H, M, S, m, u or n"
          refusal = refusal ?? .status(Status(.internal, text))
        }
      case 13 where field.name.equals("grpc-encoding"):
        if let known = MessageEncoding(field.value) {
          encoding = known
        } else {
          refusal = .encoding(field.value.text)
        }
      case 20 where field.name.equals("grpc-accept-encoding"):
        accepts.formUnion(EncodingSet(list: field.value))
      default:
        break
      }
    }
    guard isPost else { throw .http(405) }
    guard isGRPC else { throw .http(415) }
    if let refusal { throw refusal }
    guard let method else { throw .status(Self.unknownMethod("")) }
    return Self(
      method: method, timeout: timeout, encoding: encoding, accepts: accepts, isTraced: isTraced)
  }

  /// `application/grpc`, with a suffix (`+proto`) or parameters (`;...`) or without.
  static func isGRPC(_ value: RawSpan) -> Bool {
    let length = "application/grpc".utf8.count
    guard value.byteCount >= length, value.extracting(..<length).equals("application/grpc") else {
      return false
    }
    var rest = value.extracting(length...)
    // The messages here are protobuf; another suffix, such as `+json`, would be misread.
    if rest.byteCount >= 6 && rest.extracting(..<6).equals("+proto") {
      rest = rest.extracting(6...)
    }
    guard rest.byteCount > 0 else { return true }
    let next = rest.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
    return next == UInt8(ascii: ";") || next == UInt8(ascii: " ")
  }

  private static func unknownMethod(_ path: String) -> Status {
    Status(.unimplemented, "unknown method \(path)")
  }
}
