import Wire

// The messages of Protos/grpc/testing/messages.proto, as far as the server reads or writes them.

/// A block of data.
struct Payload: WireMessage, WireDecodable {
  var body: [UInt8] = []

  /// `size` zeros.
  init(zeros size: Int) { self.body = [UInt8](repeating: 0, count: size) }

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 2: self.body = [UInt8](copying: try reader.bytes(field))
      default: try reader.skip(field)
      }
    }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 2, self.body.span.bytes)
  }
}

/// A bool that may be absent.
struct BoolValue: WireDecodable {
  var value = false

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.value = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }
}

/// The status that a call is to end with.
struct EchoStatus: WireDecodable {
  var code: Int32 = 0
  var message = ""

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.code = try reader.int32(field)
      case 2: self.message = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }
}

/// The request of UnaryCall.
struct SimpleRequest: WireDecodable {
  var responseSize: Int32 = 0
  var responseCompressed: BoolValue?
  var responseStatus: EchoStatus?
  var expectCompressed: BoolValue?

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 2: self.responseSize = try reader.int32(field)
      case 6: self.responseCompressed = try BoolValue(from: try reader.message(field))
      case 7: self.responseStatus = try EchoStatus(from: try reader.message(field))
      case 8: self.expectCompressed = try BoolValue(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }
}

/// The answers of UnaryCall, StreamingOutputCall, FullDuplexCall and HalfDuplexCall, which look alike.
struct PayloadResponse: WireMessage {
  var payload: Payload

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.payload)
  }
}

/// One request of StreamingInputCall.
struct StreamingInputRequest: WireDecodable {
  var payload = Payload(zeros: 0)
  var expectCompressed: BoolValue?

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.payload = try Payload(from: try reader.message(field))
      case 2: self.expectCompressed = try BoolValue(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }
}

/// The answer of StreamingInputCall.
struct StreamingInputResponse: WireMessage {
  var aggregatedPayloadSize: Int32

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.aggregatedPayloadSize)
  }
}

/// One message of an answer.
struct ResponseParameters: WireDecodable {
  var size: Int32 = 0
  var intervalMicroseconds: Int32 = 0
  var compressed: BoolValue?

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.size = try reader.int32(field)
      case 2: self.intervalMicroseconds = try reader.int32(field)
      case 3: self.compressed = try BoolValue(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }
}

/// A request of StreamingOutputCall, FullDuplexCall or HalfDuplexCall.
struct StreamingOutputRequest: WireDecodable {
  var parameters: [ResponseParameters] = []
  var responseStatus: EchoStatus?

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 2: self.parameters.append(try ResponseParameters(from: try reader.message(field)))
      case 7: self.responseStatus = try EchoStatus(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }
}
