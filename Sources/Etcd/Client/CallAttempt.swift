internal import GRPC
internal import NIOCore
internal import Wire

/// One attempt at a call, at one endpoint. Tells the pool how the endpoint did.
struct CallAttempt {
  let endpoints: EndpointPool
  let index: Int
  let method: EtcdMethod
  let token: AuthToken?
  /// Connecting included.
  let timeout: Duration
  /// The time is what was left of the call's: that it passes says nothing about the endpoint.
  let isCutShort: Bool

  /// - Parameters:
  ///   - deadline: of the call, of which this is one attempt.
  ///   - timeoutMax: for the attempt.
  init(
    _ method: EtcdMethod, at index: Int, of endpoints: EndpointPool, token: AuthToken?,
    by deadline: ContinuousClock.Instant, timeoutMax: Duration
  ) {
    self.method = method
    self.index = index
    self.endpoints = endpoints
    self.token = token
    let left = max(.zero, deadline - .now)
    self.timeout = min(timeoutMax, left)
    self.isCutShort = left < timeoutMax / 2
  }

  enum Outcome {
    case answered(ClientResponse)
    case failed(EtcdError, CallRemedy)
  }

  private var channel: ClientChannel { self.endpoints.channels[self.index] }

  func make(_ message: [UInt8]) async -> Outcome {
    let deadline = NIODeadline.now() + TimeAmount(self.timeout)
    do throws(Status) {
      try await self.channel.connect(timeout: TimeAmount(self.timeout))
    } catch {
      return self.failed(error, wasSent: false)
    }
    do throws(Status) {
      let response = try await self.channel.unary(
        self.method.path, message, metadata: self.metadata, timeout: deadline - .now())
      self.endpoints.succeeded(self.index)
      return .answered(response)
    } catch {
      return self.failed(error, wasSent: true)
    }
  }

  /// The call lasts as long as it may; only connecting has a time limit.
  func open() async -> Result<ClientStreamingCall, EtcdError> {
    do throws(Status) {
      try await self.channel.connect(timeout: TimeAmount(self.timeout))
      return .success(try await self.channel.streaming(self.method.path, metadata: self.metadata))
    } catch {
      guard case .failed(let error, _) = self.failed(error, wasSent: false) else {
        preconditionFailure("a failure is a failure")
      }
      return .failure(error)
    }
  }

  func decode<Response: WireDecodable>(
    _ response: ClientResponse, as type: Response.Type = Response.self
  ) throws(EtcdError) -> Response {
    do throws(WireError) {
      return try Response(decoding: response.message.readableBytesSpan)
    } catch {
      throw EtcdError(
        .malformedAnswer,
        "\(self.name) answered \(self.method.path) with malformed protobuf:"
          + " \(error)", isOutcomeUnknown: !self.method.isRepeatable)
    }
  }

  private var name: String { "etcd \(self.endpoints.endpoints[self.index])" }

  private var metadata: Metadata {
    var metadata = Metadata()
    // A member that is cut off from its leader says so, instead of answering from what it has.
    if self.method != .status { metadata.add("hasleader", "true") }
    if let token = self.token?.value { metadata.add("token", token) }
    return metadata
  }

  /// Why there is no connection. A server without TLS hangs up on who begins with it.
  private func reason(_ status: Status) -> String {
    let endpoint = self.endpoints.endpoints[self.index]
    let hangUps = ["closed the connection in the handshake", "connection reset by peer"]
    guard endpoint.isEncrypted, hangUps.contains(where: { status.message.hasSuffix($0) })
    else { return "\(status)" }
    return "\(status); does etcd speak TLS there? http:// is without"
  }

  private func failed(_ status: Status, wasSent: Bool) -> Outcome {
    if Task.isCancelled {
      let error = EtcdError(
        .cancelled, "the task was cancelled", isOutcomeUnknown: wasSent && !self.method.isRepeatable
      )
      return .failed(error, .fail(.cancelled))
    }
    let remedy = wasSent ? CallRemedy(status) : .askAnother
    let reason = wasSent ? "\(status)" : self.reason(status)
    let text = "\(self.name): \(reason)"
    switch remedy {
    case .askAnother, .askAnotherIfRepeatable:
      if !(self.isCutShort && status.code == .deadlineExceeded) {
        self.endpoints.failed(self.index, reason)
      }
      let kind: EtcdError.Reason =
        wasSent && status.code == .deadlineExceeded ? .timedOut : .unavailable
      let isUnknown = remedy == .askAnotherIfRepeatable && !self.method.isRepeatable
      return .failed(EtcdError(kind, text, isOutcomeUnknown: isUnknown), remedy)
    case .renewToken: return .failed(EtcdError(.unauthenticated, text), remedy)
    case .fail(let reason): return .failed(EtcdError(reason, text), remedy)
    }
  }
}

extension EtcdError {
  /// The answer to Authenticate of an etcd whose users are not in force.
  var saysAuthIsOff: Bool { self.message.contains("authentication is not enabled") }
}
