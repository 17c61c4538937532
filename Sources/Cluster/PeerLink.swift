internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import Logging
internal import NIOCore

/// One connection to one peer from one event loop: opened when a call needs it, and again after it was
/// lost. Used on that loop only.
final class PeerLink {
  /// What becomes of a call that wants to go out.
  enum OnCall {
    case use(ClientConnection)
    /// `whenReady` hears when the connection is there.
    case wait
    /// The peer cannot be reached; why, and after what time it makes sense to try again.
    case fail(Status, retryAfter: TimeAmount)
    /// The connection has as many calls as it may.
    case full
  }

  let member: Member
  /// By `CacheMethod`.
  private(set) var methods: [ClientMethod]
  /// What the last attempt to connect, or the last connection, has failed with.
  private(set) var lastFailure: Status?
  /// Attempts to connect that have failed.
  private(set) var failures = 0
  private(set) var connection: ClientConnection?
  /// Calls that wait for the connection, by their tags.
  private var waiting: [UInt64] = []
  private var machine: PeerLinkStateMachine
  private let configuration: ForwardingConfiguration
  private let eventLoop: any EventLoop
  private let logger: Logger
  private var idleTimer: Scheduled<Void>?
  private var retryTimer: Scheduled<Void>?
  /// Told of those who waited, when the wait is over: with a connection, or with the reason why not.
  private let whenReady: ([UInt64], Result<ClientConnection, Status>) -> Void

  init(
    member: Member, table: RoutingTable, configuration: ForwardingConfiguration,
    eventLoop: any EventLoop, logger: Logger,
    whenReady: @escaping ([UInt64], Result<ClientConnection, Status>) -> Void
  ) {
    self.member = member
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
    self.whenReady = whenReady
    self.machine = PeerLinkStateMachine(configuration.backoff)
    self.methods = Self.methods(member, table, configuration)
  }

  var state: PeerLinkStateMachine.Shown { self.machine.shown }
  var waitingCalls: Int { self.waiting.count }
  var openCalls: Int { self.connection?.openCalls ?? 0 }

  /// The connection, if it takes a call now.
  var ready: ClientConnection? {
    guard let connection = self.connection, connection.canCall else { return nil }
    return connection
  }

  /// The view of the ring has changed; the peer has not.
  func go(by table: RoutingTable) {
    self.methods = Self.methods(self.member, table, self.configuration)
  }

  /// - Parameter tag: of the call, if it has to wait.
  func call(_ now: NIODeadline, tag: UInt64) -> OnCall {
    if let connection = self.connection {
      if connection.canCall { return .use(connection) }
      if connection.isOpen && !connection.isLeaving { return .full }
      self.lose(connection)
    }
    switch self.machine.call(now) {
    case .use: preconditionFailure("a link that is ready has a connection")
    case .fail(let wait): return .fail(self.lastFailure ?? Self.gone, retryAfter: wait)
    case .connect:
      self.waiting.append(tag)
      self.connect()
      return .wait
    case .wait:
      guard self.waiting.count < self.configuration.callsMax else { return .full }
      self.waiting.append(tag)
      return .wait
    }
  }

  /// The peer has left the ring: calls under way may end, and others are not taken.
  func close() {
    self.machine.close()
    self.retryTimer?.cancel()
    self.finishWaiting(.failure(Self.gone))
    guard let connection = self.connection else { return }
    self.connection = nil
    self.closeWhenIdle(connection)
  }

  /// What is left open once all calls of a server that stops have ended.
  func closeNow() {
    self.close()
    self.idleTimer?.cancel()
  }

  // MARK: - Connection

  private func connect() {
    ClientConnection.connect(
      host: self.member.host, port: self.member.port, on: self.eventLoop,
      configuration: self.configuration.client
    ).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let connection): self.connected(connection.value)
      case .failure(let error):
        self.failed(
          error as? Status ?? Status(.unavailable, "cannot connect to \(self.member.id): \(error)"))
      }
    }
  }

  private func connected(_ connection: ClientConnection) {
    guard self.machine.connected() else { return connection.close() }
    if self.lastFailure != nil {
      self.logger.info("peer can be reached again", metadata: ["peer": "\(self.member.id)"])
    }
    self.lastFailure = nil
    self.connection = connection
    connection.whenClosed.assumeIsolated().whenComplete { _ in self.lose(connection) }
    self.watchIdle(connection)
    self.finishWaiting(.success(connection))
  }

  private func failed(_ status: Status) {
    guard let retryAt = self.machine.failed(.now(), chance: .random(in: -1...1)) else { return }
    self.failures += 1
    if self.lastFailure == nil {
      self.logger.warning(
        "peer cannot be reached",
        metadata: ["peer": "\(self.member.id)", "error": "\(status.message)"])
    }
    self.lastFailure = status
    self.retryTimer = self.eventLoop.assumeIsolated().scheduleTask(deadline: retryAt) {
      if self.machine.retry(.now()) { self.connect() }
    }
    self.finishWaiting(.failure(status))
  }

  private func lose(_ connection: ClientConnection) {
    guard self.connection === connection else { return }
    self.connection = nil
    self.idleTimer?.cancel()
    self.machine.lost()
  }

  private func finishWaiting(_ result: Result<ClientConnection, Status>) {
    guard !self.waiting.isEmpty else { return }
    let waiting = self.waiting
    self.waiting = []
    // Not at once: an attempt that fails before it has begun, for want of a socket, has callers that
    // are not kept as waiting yet.
    self.eventLoop.assumeIsolated().execute { self.whenReady(waiting, result) }
  }

  /// Closes the connection when it had no calls between two looks.
  private func watchIdle(_ connection: ClientConnection, callsBefore: Int = -1) {
    let timer = self.eventLoop.assumeIsolated()
    self.idleTimer = timer.scheduleTask(in: self.configuration.idleTimeout) {
      guard self.connection === connection else { return }
      let calls = connection.callsMade
      guard connection.openCalls == 0 && calls == callsBefore else {
        return self.watchIdle(connection, callsBefore: calls)
      }
      self.lose(connection)
      connection.close()
    }
  }

  private func closeWhenIdle(_ connection: ClientConnection) {
    guard connection.openCalls > 0 else { return connection.close() }
    self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) {
      self.closeWhenIdle(connection)
    }
  }

  // MARK: - Parts

  private static let gone = Status(.unavailable, "the peer has left the ring")

  private static func methods(
    _ member: Member, _ table: RoutingTable, _ configuration: ForwardingConfiguration
  ) -> [ClientMethod] {
    var metadata = Metadata()
    // Each header costs both ends of every call: one says by which ring the sender goes.
    if table.epoch == .fixed {
      metadata.add("\(RoutingTable.fingerprintName)", bytes: table.fingerprint)
    } else {
      metadata.add("\(Epoch.metadataName)", "\(table.epoch)")
    }
    if let clock = configuration.clock {
      metadata.add("\(PeerClock.metadataName)", "\(PeerClock(clock.newest, of: table.ownID))")
    }
    if let token = configuration.token {
      metadata.add(BearerToken.metadataName, bytes: token.headerValue)
    }
    return CacheMethod.allCases.map { method in
      // A fixed table stays for as long as the process runs. Others come and go.
      ClientMethod(
        path: PeerMethod.path(method), authority: member.address, userAgent: "",
        metadata: metadata, takesCompressed: false, isEncrypted: configuration.tls != nil,
        isImmortal: table.epoch == .fixed)
    }
  }
}
