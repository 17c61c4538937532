public import GRPC
internal import NIOCore
internal import Synchronization
internal import Wire

/// grpc.health.v1.Health: who is serving, asked once (Check, List) or followed (Watch).
///
/// The status of a name is set by `set`; the empty name stands for the server as a whole. After
/// `stop` every name but `live` is NOT_SERVING, watchers are told and their calls end.
public final class HealthService: UnaryService, StreamingService {
  private struct State {
    var statuses: [String: ServingStatus] = [:]
    var watchers: [Int: Watcher] = [:]
    var nextWatcher = 0
    var isStopped = false
    /// Resumed when the last watcher has gone after `stop`.
    var whenEmpty: CheckedContinuation<Void, Never>?
  }

  private struct Watcher {
    let service: String
    let updates: AsyncStream<ServingStatus>.Continuation
  }

  private let state = Mutex(State())

  /// The name that says whether the process serves at all; it stays as it is while a server stops, so
  /// that nobody kills one that is finishing its calls.
  public static let live = "live"
  /// The name that says whether the server takes new calls.
  public static let ready = "ready"

  /// Where one status is asked for.
  public static let checkPath = "/grpc.health.v1.Health/Check"

  /// Longer than any name that is asked for. Everybody may ask, so nobody may send much.
  public let messageMaxBytes = 4 << 10

  public init() {}

  /// The calls of the service, for a `Server`.
  public var registrations: [ServiceRegistration] {
    [
      .unary(paths: [Self.checkPath, "/grpc.health.v1.Health/List"], self),
      .streaming(paths: ["/grpc.health.v1.Health/Watch"], self),
    ]
  }

  /// Sets the status of `service`, and tells those who watch it if it changed.
  public func set(_ service: String, _ status: ServingStatus) {
    let watchers = self.state.withLock { state -> [Watcher] in
      guard !state.isStopped, state.statuses[service] != status else { return [] }
      state.statuses[service] = status
      return state.watchers.values.filter { $0.service == service }
    }
    for watcher in watchers { watcher.updates.yield(status) }
  }

  /// Makes every name but `live` NOT_SERVING, tells the watchers, and returns when their calls have ended.
  public func stop() async {
    let watchers = self.state.withLock { state -> [Watcher] in
      state.isStopped = true
      for name in state.statuses.keys where name != Self.live {
        state.statuses[name] = .notServing
      }
      return Array(state.watchers.values)
    }
    for watcher in watchers {
      if watcher.service != Self.live { watcher.updates.yield(.notServing) }
      watcher.updates.finish()
    }
    await withCheckedContinuation { continuation in
      let isEmpty = self.state.withLock { state in
        if !state.watchers.isEmpty { state.whenEmpty = continuation }
        return state.watchers.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }

  // MARK: - Check and List

  public func serve(_ call: borrowing UnaryCall) {
    do {
      if call.method == 0 {
        let service = try HealthCheckRequest(decoding: call.message).service
        guard let status = self.state.withLock({ $0.statuses[service] }) else {
          return call.fail(Status(.notFound, "unknown service \"\(service)\""))
        }
        Self.reply(call, HealthCheckResponse(status: status))
      } else {
        _ = try HealthListRequest(decoding: call.message)
        Self.reply(call, HealthListResponse(statuses: self.state.withLock { $0.statuses }))
      }
    } catch {
      call.fail(malformed(error))
    }
  }

  private static func reply(_ call: borrowing UnaryCall, _ message: some WireMessage) {
    call.reply(size: message.encodedSize) { message.encode(into: &$0) }
  }

  // MARK: - Watch

  public func serve(_ call: StreamingCall) async throws {
    let message = try await call.onlyMessage()
    let request: HealthCheckRequest
    do {
      request = try HealthCheckRequest(decoding: message.readableBytesSpan)
    } catch {
      throw malformed(error)
    }
    // Only the newest matters: a slow client skips what it has missed.
    let (updates, continuation) = AsyncStream.makeStream(
      of: ServingStatus.self, bufferingPolicy: .bufferingNewest(1))
    let id = self.state.withLock { state -> Int in
      state.nextWatcher += 1
      continuation.yield(state.statuses[request.service] ?? .serviceUnknown)
      if state.isStopped {
        // Told at once, and not counted: clients that come back again and again must not keep
        // `stop` waiting.
        continuation.finish()
      } else {
        state.watchers[state.nextWatcher] = Watcher(
          service: request.service, updates: continuation)
      }
      return state.nextWatcher
    }
    defer { self.remove(id) }
    for await status in updates {
      try await call.send(ByteBuffer(bytes: HealthCheckResponse(status: status).serialized()))
    }
    throw Status(.unavailable, "the server is shutting down")
  }

  private func remove(_ id: Int) {
    let whenEmpty = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.watchers[id] = nil
      guard state.watchers.isEmpty else { return nil }
      defer { state.whenEmpty = nil }
      return state.whenEmpty
    }
    whenEmpty?.resume()
  }
}

/// What a call ends with whose message cannot be read.
func malformed(_ error: WireError) -> Status {
  Status(
    .internal, "malformed protobuf: \(error)", info: .init(reason: "MESSAGE_MALFORMED"))
}
