internal import HTTP2

/// Call metadata as an application owns it: names may repeat, order within a name is kept.
///
/// Names are lower case. A name that ends in `-bin` has bytes as its value, any other printable ASCII;
/// names that begin with `grpc-` and `:` are the protocol's own, and never appear here.
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

  /// Adds a value; binary where the name ends in `-bin`.
  public mutating func add(_ name: String, bytes: [UInt8]) {
    precondition(!Self.isReserved(name), "\(name) is the protocol's own")
    self.fields.append(Field(name: name.lowercased(), value: bytes))
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

  static func isReserved(_ name: String) -> Bool {
    name.hasPrefix(":") || name.hasPrefix("grpc-") || Self.transportNames.contains(name)
  }

  /// Header names that belong to HTTP/2 or to gRPC, beside those with a reserved prefix.
  private static let transportNames: Set<String> = ["content-type", "te", "user-agent"]

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

  /// Everything that is the application's, decoded. Binary values that are not base64 are left out:
  /// a peer that sends such must not be able to fail the call of an application that ignores them.
  public func copy() -> Metadata {
    var metadata = Metadata()
    var fields = self.block
    while let field = fields.next() {
      let name = field.name.text
      guard !Metadata.isReserved(name) else { continue }
      guard name.hasSuffix("-bin") else {
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
