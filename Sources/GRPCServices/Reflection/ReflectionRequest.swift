public import Wire

/// `ServerReflectionRequest` of `grpc.reflection.v1` and of `grpc.reflection.v1alpha`, which are
/// the same on the wire.
public struct ReflectionRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// What is asked for: the `message_request` oneof.
  public enum Query: Equatable, Sendable {
    /// Nothing, or something that only a newer client knows.
    case unset
    /// A file by its name, as other files import it.
    case fileByFilename(String)
    /// The file that declares a fully qualified symbol.
    case fileContainingSymbol(String)
    /// The file that declares an extension.
    case fileContainingExtension(ExtensionRequest)
    /// The numbers of all known extensions of a message type.
    case allExtensionNumbersOfType(String)
    /// The names of all services; the text means nothing but is echoed.
    case listServices(String)
  }

  /// The host that the client believes to talk to; echoed.
  public var host: String
  /// What is asked for.
  public var query: Query

  /// Asks `query` of `host`, which may be empty.
  public init(host: String = "", query: Query = .unset) {
    self.host = host
    self.query = query
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.host = String(copyingUTF8: try reader.string(field))
      case 3: self.query = .fileByFilename(String(copyingUTF8: try reader.string(field)))
      case 4: self.query = .fileContainingSymbol(String(copyingUTF8: try reader.string(field)))
      case 5:
        var request = ExtensionRequest()
        if case .fileContainingExtension(let earlier) = self.query { request = earlier }
        try request.merge(from: try reader.message(field))
        self.query = .fileContainingExtension(request)
      case 6:
        self.query = .allExtensionNumbersOfType(String(copyingUTF8: try reader.string(field)))
      case 7: self.query = .listServices(String(copyingUTF8: try reader.string(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.host)
    switch self.query {
    case .unset: break
    case .fileByFilename(let name): sink.string(field: 3, name, presence: .explicit)
    case .fileContainingSymbol(let symbol): sink.string(field: 4, symbol, presence: .explicit)
    case .fileContainingExtension(let request): sink.message(field: 5, request)
    case .allExtensionNumbersOfType(let type): sink.string(field: 6, type, presence: .explicit)
    case .listServices(let text): sink.string(field: 7, text, presence: .explicit)
    }
  }
}

/// `ExtensionRequest` of the reflection protocol.
public struct ExtensionRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// The full name of the message type that is extended.
  public var containingType: String
  /// The extension's field number.
  public var number: Int32

  /// Asks for field `number` of `containingType`.
  public init(containingType: String = "", number: Int32 = 0) {
    self.containingType = containingType
    self.number = number
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.containingType = String(copyingUTF8: try reader.string(field))
      case 2: self.number = try reader.int32(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.containingType)
    sink.int32(field: 2, self.number)
  }
}
