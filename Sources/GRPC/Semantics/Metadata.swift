internal import HTTP2

/// Call metadata as an application owns it: names may repeat, order within a name is kept.
///
/// Names are lower case. A name that ends in `-bin` has bytes as its value, any other printable ASCII
/// (what else HTTP/2 lets through is passed on as it is); names that begin with `grpc-` and `:` are the
/// protocol's own, and never appear here.
public struct Metadata: Sendable, Hashable {
  public private(set) var fields: [Field] = []

  /// One name and one value, the value decoded if it is binary.
  public struct Field: Sendable, Hashable {
    public let name: String
    public let value: [UInt8]
  }

  public init() {}

  /// Adds a text value.
  public mutating func add(_ name: String, _ value: String) {
    self.add(name, bytes: Array(value.utf8))
  }

  /// Adds a value; binary where the name ends in `-bin`. Traps where `isValid` is false.
  public mutating func add(_ name: String, bytes: [UInt8]) {
    let name = name.lowercased()
    precondition(
      Self.isValid(name, bytes), "\(name) is reserved or no name, or its value is no text")
    self.fields.append(Field(name: name, value: bytes))
  }

  /// Adds all fields of `other` after those that are here.
  public mutating func add(_ other: Metadata) { self.fields += other.fields }

  /// Whether a field can be added: for names and values that come from outside.
  ///
  /// A name is a token in lower case (RFC 9113, section 8.2.1) that is not the protocol's own. A
  /// value has no control characters but the tab (RFC 9110, section 5.5), unless the name ends in
  /// `-bin`: then it may be any bytes.
  public static func isValid(_ name: String, _ value: [UInt8]) -> Bool {
    guard !name.isEmpty, !Self.isReserved(name), name.utf8.allSatisfy(Self.isNameByte) else {
      return false
    }
    return name.hasSuffix("-bin")
      || value.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  /// All values of `name`, in order.
  public subscript(name: String) -> [[UInt8]] {
    self.fields.lazy.filter { $0.name == name }.map(\.value)
  }

  /// The first value of `name` as text.
  public func text(_ name: String) -> String? {
    self[name].first.map { String(decoding: $0, as: UTF8.self) }
  }

  public var isEmpty: Bool { self.fields.isEmpty }

  /// What the fields take of a header list, as RFC 9113, section 6.5.2, counts it.
  var headerListBytes: Int {
    self.headerFields.reduce(0) { $0 + $1.name.utf8.count + $1.value.count + 32 }
  }

  static func isReserved(_ name: String) -> Bool {
    name.hasPrefix(":") || name.hasPrefix("grpc-") || Self.transportNames.contains(name)
  }

  /// Header names that belong to HTTP/2 or to gRPC, beside those with a reserved prefix: those of a
  /// call, those that describe a body, and those of a connection (RFC 9113, section 8.2.2), which a
  /// proper peer refuses.
  private static let transportNames: Set<String> = [
    "content-type", "te", "user-agent", "content-length", "host", "connection", "keep-alive",
    "proxy-connection", "transfer-encoding", "upgrade",
  ]

  /// The form that goes into a header list.
  var headerFields: [(name: String, value: [UInt8])] {
    self.fields.map { field in
      (field.name, field.name.hasSuffix("-bin") ? Base64.encode(field.value) : field.value)
    }
  }
}

/// Call metadata as it came, read on demand from the recorded header bytes.
public struct MetadataView: ~Escapable {
  private let block: HeaderFields

  @_lifetime(copy fields)
  init(_ fields: HeaderFields) { self.block = fields }

  /// The first value of `name` as it came, still encoded if the name ends in `-bin`; or nil.
  @_lifetime(copy self)
  public func first(_ name: StaticString) -> RawSpan? {
    var fields = self.block
    while let field = fields.next() {
      if field.name.equals(name) { return field.value }
    }
    return nil
  }

  /// Whether there is a field with a name that `isIncluded` picks, of whoever's: gRPC's and HTTP's own are
  /// among them.
  public func contains(name isIncluded: (RawSpan) -> Bool) -> Bool {
    var fields = self.block
    while let field = fields.next() {
      if isIncluded(field.name) { return true }
    }
    return false
  }

  /// How often the call was tried before, as a client says that retries (`grpc-previous-rpc-attempts`,
  /// gRFC A6); 0 where it says nothing.
  public var previousAttempts: Int {
    guard let text = self.first("grpc-previous-rpc-attempts")?.text else { return 0 }
    return Int32(text).map { max(0, Int($0)) } ?? 0
  }

  /// Everything that is the application's, decoded. Binary values that are not base64 are left out:
  /// a peer that sends such must not be able to fail the call of an application that ignores them.
  public func copy() -> Metadata {
    var metadata = Metadata()
    var fields = self.block
    while let field = fields.next() {
      let name = field.name.text
      let isBinary = name.hasSuffix("-bin")
      // libnghttp2 lets nothing through that is not valid; a trap must not depend on it.
      guard Metadata.isValid(name, isBinary ? [] : field.value.array) else { continue }
      guard isBinary else {
        metadata.add(name, bytes: field.value.array)
        continue
      }
      // Several values may be joined by commas, and must be split before they are decoded.
      let parts = field.value.array.split(
        separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      for part in parts {
        if let bytes = Base64.decode(part.span.bytes) { metadata.add(name, bytes: bytes) }
      }
    }
    return metadata
  }
}

extension RawSpan {
  /// The bytes as text, repaired where they are not UTF-8.
  var text: String {
    self.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes in an array of their own.
  var array: [UInt8] {
    self.withUnsafeBytes { Array($0) }
  }
}
