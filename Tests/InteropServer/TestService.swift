import GRPC
import NIOCore
import Wire

/// grpc.testing.TestService, as grpc/grpc, doc/interop-test-descriptions.md, asks of servers.
final class TestService: UnaryService, StreamingService {
  private static let unaryNames = ["EmptyCall", "UnaryCall"]
  private static let streamingNames = [
    "StreamingOutputCall", "StreamingInputCall", "FullDuplexCall", "HalfDuplexCall",
  ]
  /// The largest payload that is made, in bytes, and the most requests that wait for an answer.
  private static let payloadMaxBytes: Int32 = 16 << 20
  private static let requestsMax = 1000

  init() {}

  /// The calls of the service, for a `Server`; UnimplementedCall is not among them.
  var registrations: [ServiceRegistration] {
    func paths(_ names: [String]) -> [String] { names.map { "/grpc.testing.TestService/\($0)" } }
    return [
      .unary(paths: paths(Self.unaryNames), self),
      .streaming(paths: paths(Self.streamingNames), self),
    ]
  }

  // MARK: - Unary calls

  func serve(_ call: borrowing UnaryCall) {
    do throws(Status) {
      if call.method == 0 { return call.reply(size: 0) { _ in } }
      try self.unaryCall(call)
    } catch {
      call.fail(error)
    }
  }

  private func unaryCall(_ call: borrowing UnaryCall) throws(Status) {
    let request = try Self.decode(SimpleRequest.self, call.message)
    let echo = EchoedMetadata(call.metadata.copy())
    try call.addInitialMetadata(echo.initial)
    try call.addTrailingMetadata(echo.trailing)
    try Self.check(request.expectCompressed, wasCompressed: call.wasCompressed)
    try Self.check(request.responseStatus)
    if let compressed = request.responseCompressed {
      call.setCompression(compressed.value ? .gzip : .identity)
    }
    let response = PayloadResponse(payload: try Self.payload(request.responseSize))
    call.reply(size: response.encodedSize) { response.encode(into: &$0) }
  }

  // MARK: - Streaming calls

  func serve(_ call: StreamingCall) async throws {
    let echo = EchoedMetadata(call.metadata)
    try call.addInitialMetadata(echo.initial)
    try call.addTrailingMetadata(echo.trailing)
    switch Self.streamingNames[call.method] {
    case "StreamingOutputCall":
      let message = try await call.onlyMessage()
      let request = try Self.decode(StreamingOutputRequest.self, message.readableBytesSpan)
      try await Self.answer(request, call)
    case "StreamingInputCall": try await self.streamingInputCall(call)
    case "FullDuplexCall":
      for try await message in call.messages {
        let request = try Self.decode(StreamingOutputRequest.self, message.readableBytesSpan)
        try await Self.answer(request, call)
      }
    default:
      var requests: [StreamingOutputRequest] = []
      for try await message in call.messages {
        guard requests.count < Self.requestsMax else {
          throw Status(.resourceExhausted, "HalfDuplexCall takes \(Self.requestsMax) requests")
        }
        requests.append(try Self.decode(StreamingOutputRequest.self, message.readableBytesSpan))
      }
      for request in requests { try await Self.answer(request, call) }
    }
  }

  private func streamingInputCall(_ call: StreamingCall) async throws {
    var size = 0
    for try await message in call.receivedMessages {
      let bytes = message.bytes.readableBytesSpan
      let request = try Self.decode(StreamingInputRequest.self, bytes)
      try Self.check(request.expectCompressed, wasCompressed: message.wasCompressed)
      size += request.payload.body.count
    }
    let response = StreamingInputResponse(aggregatedPayloadSize: Int32(clamping: size))
    try await call.send(ByteBuffer(bytes: response.serialized()))
  }

  private static func answer(_ request: StreamingOutputRequest, _ call: StreamingCall) async throws
  {
    try Self.check(request.responseStatus)
    if request.parameters.contains(where: { $0.compressed?.value == true }) {
      call.setCompression(.gzip)
    }
    for parameters in request.parameters {
      if parameters.intervalMicroseconds > 0 {
        try await Task.sleep(for: .microseconds(parameters.intervalMicroseconds))
      }
      let response = PayloadResponse(payload: try Self.payload(parameters.size))
      try await call.send(
        ByteBuffer(bytes: response.serialized()),
        mayCompress: parameters.compressed?.value ?? false)
    }
  }

  // MARK: - Parts

  private static func decode<Message: WireDecodable>(
    _ type: Message.Type, _ bytes: RawSpan
  ) throws(Status) -> Message {
    do {
      return try Message(decoding: bytes)
    } catch {
      throw Status(.internal, "malformed protobuf: \(error)")
    }
  }

  private static func check(_ expected: BoolValue?, wasCompressed: Bool) throws(Status) {
    guard let expected, expected.value != wasCompressed else { return }
    let what = wasCompressed ? "compressed" : "not compressed"
    throw Status(.invalidArgument, "the message came \(what), against what it says")
  }

  private static func check(_ status: EchoStatus?) throws(Status) {
    guard let status, status.code != 0 else { return }
    throw Status(StatusCode(rawValue: Int(status.code)) ?? .unknown, status.message)
  }

  private static func payload(_ size: Int32) throws(Status) -> Payload {
    guard (0...Self.payloadMaxBytes).contains(size) else {
      throw Status(.invalidArgument, "a payload has 0 to \(Self.payloadMaxBytes) bytes")
    }
    return Payload(zeros: Int(size))
  }
}

/// What the server sends back of a request's metadata.
private struct EchoedMetadata {
  private static let initialName = "x-grpc-test-echo-initial"
  private static let trailingName = "x-grpc-test-echo-trailing-bin"

  var initial = Metadata()
  var trailing = Metadata()

  init(_ request: Metadata) {
    for value in request[Self.initialName] { self.initial.add(Self.initialName, bytes: value) }
    for value in request[Self.trailingName] { self.trailing.add(Self.trailingName, bytes: value) }
  }
}
