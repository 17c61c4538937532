internal import GRPC
internal import Logging
internal import NIOCore
internal import Synchronization

/// The members of an etcd, each behind a channel of its own, and which of them is called.
final class EndpointPool: Sendable {
  let endpoints: [EtcdEndpoint]
  let channels: [ClientChannel]
  private let selector: Mutex<EndpointSelector>
  private let logger: Logger
  private let failureCount = Atomic(0)
  /// Why each endpoint has failed last; "": it has not.
  private let reasons: Mutex<[String]>

  init(_ configuration: EtcdConfiguration, group: any EventLoopGroup, logger: Logger) {
    self.endpoints = configuration.endpoints
    self.logger = logger
    self.reasons = Mutex(Array(repeating: "", count: configuration.endpoints.count))
    // Nodes that are configured alike shall not all call the same member.
    let first = Int.random(in: 0..<configuration.endpoints.count)
    self.selector = Mutex(
      EndpointSelector(
        count: configuration.endpoints.count, first: first, backoff: configuration.backoff))
    self.channels = configuration.endpoints.map { endpoint in
      ClientChannel(
        host: endpoint.host, port: endpoint.port, group: group,
        configuration: Self.channelConfiguration(configuration, endpoint), logger: logger)
    }
  }

  private static func channelConfiguration(
    _ configuration: EtcdConfiguration, _ endpoint: EtcdEndpoint
  ) -> ClientConfiguration {
    var channel = ClientConfiguration()
    channel.tls = endpoint.isEncrypted ? configuration.tls : nil
    channel.connectTimeout = TimeAmount(configuration.attemptTimeout)
    channel.keepaliveInterval = TimeAmount(configuration.keepaliveInterval)
    channel.keepaliveTimeout = TimeAmount(configuration.keepaliveTimeout)
    channel.connection.messageMaxBytes = configuration.messageMaxBytes
    channel.connection.requestBufferMaxBytes = max(
      channel.connection.requestBufferMaxBytes, 2 * configuration.messageMaxBytes)
    // The selector decides when an endpoint is tried again; the channel shall not be slower.
    channel.backoff.initial = TimeAmount(configuration.backoff.initial / 2)
    channel.backoff.max = TimeAmount(configuration.backoff.initial / 2)
    return channel
  }

  /// The endpoint to call, once there is one that is not left alone.
  ///
  /// - Parameter failure: what the caller has met so far; thrown where there is none in time.
  func next(
    by deadline: ContinuousClock.Instant, after failure: EtcdError?
  ) async throws(EtcdError) -> Int {
    while true {
      let now = ContinuousClock.now
      switch self.selector.withLock({ $0.choose(now) }) {
      case .use(let index) where now < deadline: return index
      case .use: throw failure ?? EtcdError(.timedOut, "the time for a call to etcd was over")
      case .wait(let until):
        guard until < deadline else { throw self.noneLeft(failure) }
        do {
          try await Task.sleep(until: until, clock: .continuous)
        } catch {
          throw EtcdError(.cancelled, "the task was cancelled")
        }
      }
    }
  }

  private func noneLeft(_ failure: EtcdError?) -> EtcdError {
    if let failure { return failure }
    let failures = zip(self.endpoints, self.reasons.withLock { $0 }).map { endpoint, reason in
      reason.isEmpty ? "\(endpoint)" : "\(endpoint): \(reason)"
    }
    return EtcdError(
      .unavailable,
      "every etcd endpoint has failed lately: \(failures.joined(separator: "; "))")
  }

  func succeeded(_ index: Int) { self.selector.withLock { $0.succeeded(index) } }

  /// Leaves the endpoint for the next.
  func failed(_ index: Int, _ reason: String) {
    self.failureCount.add(1, ordering: .relaxed)
    self.reasons.withLock { $0[index] = reason }
    let isNews = self.selector.withLock {
      $0.failed(index, .now, chance: .random(in: -1...1)) && $0.failures(of: index) == 1
    }
    // Once, not with every attempt.
    if isNews {
      self.logger.warning(
        "etcd endpoint failed",
        metadata: ["endpoint": "\(self.endpoints[index])", "error": "\(reason)"])
    }
  }

  /// Attempts of all endpoints that have failed, ever.
  var failures: Int { self.failureCount.load(ordering: .relaxed) }

  /// How often each endpoint has failed in a row, and which one is called.
  func snapshot() -> (failures: [Int], current: Int) {
    self.selector.withLock { selector in
      (self.endpoints.indices.map { selector.failures(of: $0) }, selector.current)
    }
  }

  func shutdown() async {
    for channel in self.channels { await channel.shutdown() }
  }
}
