public import Wire

/// `ServerReflectionResponse` of `grpc.reflection.v1` and of `grpc.reflection.v1alpha`, which are
/// the same on the wire. Written only: a server never reads one.
public struct ReflectionResponse: WireMessage, Equatable, Sendable {
  /// What is answered: the `message_response` oneof.
  public enum Answer: Equatable, Sendable {
    /// Serialised FileDescriptorProtos: the file asked for first, then all that it imports.
    case files([[UInt8]])
    /// The extensions of a message type.
    case extensionNumbers(baseType: String, [Int32])
    /// The full names of services.
    case services([String])
    /// The request failed; the stream goes on.
    case error(code: Int32, message: String)
  }

  /// The request that this answers. Its host is echoed as `valid_host` too.
  public var request: ReflectionRequest
  /// What is answered.
  public var answer: Answer

  /// Answers `request`.
  public init(to request: ReflectionRequest, _ answer: Answer) {
    self.request = request
    self.answer = answer
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.request.host)
    sink.message(field: 2, self.request)
    switch self.answer {
    case .files(let files):
      sink.message(field: 4, Files(files: files))
    case .extensionNumbers(let baseType, let numbers):
      sink.message(field: 5, ExtensionNumbers(baseType: baseType, numbers: numbers))
    case .services(let names):
      sink.message(field: 6, Services(names: names))
    case .error(let code, let message):
      sink.message(field: 7, Failure(code: code, message: message))
    }
  }
}

/// `FileDescriptorResponse`.
private struct Files: WireMessage {
  let files: [[UInt8]]

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for file in self.files { sink.bytes(field: 1, file.span.bytes, presence: .explicit) }
  }
}

/// `ExtensionNumberResponse`.
private struct ExtensionNumbers: WireMessage {
  let baseType: String
  let numbers: [Int32]

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.baseType)
    guard !self.numbers.isEmpty else { return }
    // Packed, as proto3 writes repeated scalars.
    var counter = SizeCounter()
    for number in self.numbers { counter.append(varint: Self.varint(number)) }
    sink.lengthPrefix(field: 2, size: counter.size)
    for number in self.numbers { sink.append(varint: Self.varint(number)) }
  }

  private static func varint(_ number: Int32) -> UInt64 {
    UInt64(bitPattern: Int64(number))
  }
}

/// `ListServiceResponse`.
private struct Services: WireMessage {
  let names: [String]

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for name in self.names { sink.message(field: 1, Service(name: name)) }
  }
}

/// `ServiceResponse`.
private struct Service: WireMessage {
  let name: String

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.name)
  }
}

/// `ErrorResponse`.
private struct Failure: WireMessage {
  let code: Int32
  let message: String

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.code)
    sink.string(field: 2, self.message)
  }
}
