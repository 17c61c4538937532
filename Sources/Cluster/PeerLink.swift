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
  /// What is sent to the peer at the end of this turn.
  var reads = ReadBatch()
  /// By `CacheMethod`.
  private(set) var methods: [ClientMethod]
  /// What the last attempt to connect, or the last connection, has failed with.
  private(set) var lastFailure: Status?
  /// Attempts to connect that have failed.
  private(set) var failures = 0
  /// Takes calls.
  private(set) var connection: ClientConnection?
  /// Takes none: the peer is silent.
  private(set) var suspected: ClientConnection?
  /// How often the peer was suspected.
  private(set) var suspicions = 0
  /// Calls that wait for the connection, by their tags.
  private var waiting: [UInt64] = []
  private var machine: PeerLinkStateMachine
  private var health: PeerHealthMachine
  private var credentials: PeerCredentials
  private let configuration: ForwardingConfiguration
  private let eventLoop: any EventLoop
  private let logger: Logger
  private var idleTimer: Scheduled<Void>?
  private var retryTimer: Scheduled<Void>?
  private var suspicionTimer: Scheduled<Void>?
  /// Its address refuses connections, as people were told.
  private var isDead = false
  /// It does not take this node's calls, as people were told.
  private var isRefused = false
  private var tally = ChannelTally()
  /// Nil: channelz does not show it.
  private var shown: ShownPeerLink?
  /// Told of those who waited, when the wait is over: with a connection, or with the reason why not.
  private let whenReady: ([UInt64], Result<ClientConnection, Status>) -> Void
  /// Told that the peer's address refuses connections, again and again.
  private let whenDead: () -> Void

  init(
    member: Member, table: RoutingTable, credentials: PeerCredentials,
    configuration: ForwardingConfiguration,
    eventLoop: any EventLoop, logger: Logger,
    whenReady: @escaping ([UInt64], Result<ClientConnection, Status>) -> Void,
    whenDead: @escaping () -> Void
  ) {
    self.member = member
    self.credentials = credentials
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
    self.whenReady = whenReady
    self.whenDead = whenDead
    self.health = PeerHealthMachine(suspectAfter: configuration.suspectAfter)
    self.machine = PeerLinkStateMachine(configuration.backoff)
    self.methods = Self.methods(member, table, credentials, configuration.clock)
    guard let registry = configuration.registry else { return }
    let shown = ShownPeerLink(self, id: self.tally.id, on: eventLoop)
    self.shown = shown
    registry.add(shown)
  }

  deinit { self.configuration.registry?.remove(self.tally.id) }

  /// What channelz shows.
  func channelSnapshot() -> ChannelSnapshot {
    let open = [self.connection, self.suspected].compactMap { $0 }
    return self.tally.snapshot(
      target: self.member.address, state: self.state.channelState, open: open)
  }

  var state: PeerLinkStateMachine.Shown { self.machine.shown }
  var waitingCalls: Int { self.waiting.count }
  var openCalls: Int { (self.connection ?? self.suspected)?.openCalls ?? 0 }

  /// The connection, if it takes a call now.
  var ready: ClientConnection? {
    guard let connection = self.connection, connection.canCall else { return nil }
    return connection
  }

  /// The view of the ring has changed, or what the peer is shown; the peer has not.
  func go(by table: RoutingTable, _ credentials: PeerCredentials) {
    self.credentials = credentials
    self.isRefused = false
    self.methods = Self.methods(self.member, table, credentials, self.configuration.clock)
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
    case .fail(let wait):
      // Who comes back at once finds the link as it is: an attempt is under way, or about to begin.
      let least = max(wait, Self.retryPauseMin)
      return .fail(self.lastFailure ?? Self.gone, retryAfter: least)
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
    self.suspicionTimer?.cancel()
    guard let connection = self.connection ?? self.suspected else { return }
    self.connection = nil
    self.suspected = nil
    self.closeWhenIdle(connection)
  }

  /// What is left open once all calls of a server that stops have ended.
  func closeNow() {
    self.close()
    self.idleTimer?.cancel()
  }

  // MARK: - Connection

  private func connect() {
    ClientConnection.attempt(
      host: self.member.host, port: self.member.port, on: self.eventLoop,
      configuration: self.configuration.client(self.credentials)
    ).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let connection): self.connected(connection.value)
      case .failure(let error):
        let status = Status(.unavailable, "cannot connect to \(self.member.id): \(error)")
        self.failed(
          error as? ConnectionFailure ?? ConnectionFailure(status))
      }
    }
  }

  private func connected(_ connection: ClientConnection) {
    guard self.machine.connected() else { return connection.close() }
    if self.lastFailure != nil {
      self.logger.info("peer can be reached again", metadata: ["peer": "\(self.member.id)"])
    }
    self.lastFailure = nil
    self.isDead = false
    self.isRefused = false
    self.health.heard()
    self.connection = connection
    connection.whenClosed.assumeIsolated().whenComplete { _ in self.lose(connection) }
    self.watchIdle(connection)
    self.finishWaiting(.success(connection))
  }

  private func failed(_ failure: ConnectionFailure) {
    let (now, status) = (NIODeadline.now(), failure.status)
    let latest = failure.wasRefused ? self.refused(now) : nil
    if !failure.wasRefused { self.health.failed() }
    guard let retryAt = self.machine.failed(now, chance: .random(in: -1...1), latest: latest)
    else { return }
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

  /// - Returns: when to try again at the latest; nil: when the backoff says.
  private func refused(_ now: NIODeadline) -> NIODeadline? {
    switch self.health.refused(now) {
    case .none: return nil
    case .again(let time): return time
    case .dead:
      if !self.isDead {
        self.logger.warning(
          "peer is dead: its address refuses connections", metadata: ["peer": "\(self.member.id)"])
      }
      self.isDead = true
      // Each time that it is found so: who is told may not have been able to act on it before.
      self.whenDead()
      return nil
    }
  }

  private func lose(_ connection: ClientConnection) {
    guard self.connection === connection || self.suspected === connection else { return }
    self.tally.ended(connection)
    self.connection = nil
    self.suspected = nil
    self.idleTimer?.cancel()
    self.suspicionTimer?.cancel()
    guard self.machine.lost(.now(), wasSilent: connection.wasSilent) else { return }
    self.lastFailure = Status(.unavailable, "\(self.member.id) did not answer a PING")
    // Not at once: the connection is in the middle of its end.
    self.eventLoop.assumeIsolated().execute { self.connect() }
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
      // A silent peer is looked after by `watchSilence`.
      guard self.connection === connection else {
        if self.suspected === connection { self.watchIdle(connection) }
        return
      }
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

  /// The peer does not let this node call.
  func refuses(_ status: Status) {
    guard !self.isRefused else { return }
    self.isRefused = true
    self.logger.error(
      "peer refuses this node: does --peer-token-file, or the certificate, have the role peer there?",
      metadata: ["peer": "\(self.member.id)", "error": "\(status)"])
  }

  // MARK: - Silence

  /// A call that went out on `connection` at `sentAt` has ended without an answer.
  func unanswered(since sentAt: NIODeadline, on connection: ClientConnection) {
    guard self.connection === connection, connection.isOpen else { return }
    let now = NIODeadline.now()
    let silence = self.health.unanswered(sentAt: sentAt, heardAt: connection.heardAt, now)
    guard let silence, self.machine.suspect() else { return }
    let status = Status(
      .unavailable,
      "it has been silent for \(silence.nanoseconds / 1_000_000) ms with calls to answer"
        + " (peer-suspect-after)")
    self.logger.warning(
      "peer is suspected",
      metadata: ["peer": "\(self.member.id)", "error": "\(status.message)"])
    self.connection = nil
    self.suspected = connection
    self.suspicions += 1
    self.lastFailure = status
    connection.ping()
    self.watchSilence(connection, since: now)
  }

  /// Looks whether a suspected peer has said anything, and gives the connection up in the end.
  private func watchSilence(_ connection: ClientConnection, since: NIODeadline) {
    let timer = self.eventLoop.assumeIsolated()
    self.suspicionTimer = timer.scheduleTask(in: Self.suspicionCheckInterval) {
      guard self.suspected === connection else { return }
      guard connection.heardAt < since else { return self.clear(connection) }
      guard NIODeadline.now() - since < self.configuration.keepaliveTimeout else {
        return connection.giveUp()
      }
      self.watchSilence(connection, since: since)
    }
  }

  private func clear(_ connection: ClientConnection) {
    self.logger.info("peer answers again", metadata: ["peer": "\(self.member.id)"])
    self.machine.clear()
    self.health.heard()
    self.lastFailure = nil
    self.suspected = nil
    self.connection = connection
  }

  // MARK: - Parts

  /// Between two looks whether a suspected peer has answered the PING.
  private static let suspicionCheckInterval = TimeAmount.milliseconds(20)
  /// What a call that fails at once is told to wait at least before it is made again.
  private static let retryPauseMin = TimeAmount.milliseconds(20)

  private static let gone = Status(.unavailable, "the peer has left the ring")

  private static func methods(
    _ member: Member, _ table: RoutingTable, _ credentials: PeerCredentials, _ clock: VersionClock?
  ) -> [ClientMethod] {
    var metadata = Metadata()
    // Each header costs both ends of every call: one says by which ring the sender goes.
    if table.epoch == .fixed {
      metadata.add("\(RoutingTable.fingerprintName)", bytes: table.fingerprint)
    } else {
      metadata.add("\(Epoch.metadataName)", "\(table.epoch)")
    }
    if let clock {
      metadata.add("\(PeerClock.metadataName)", "\(PeerClock(clock.newest, of: table.ownID))")
    }
    if let token = credentials.token {
      metadata.add(BearerToken.metadataName, bytes: token.headerValue)
    }
    return CacheMethod.allCases.map { method in
      // A fixed table stays for as long as the process runs. Others come and go.
      ClientMethod(
        path: PeerMethod.path(method), authority: member.address, userAgent: "",
        metadata: metadata, takesCompressed: false, isEncrypted: credentials.tls != nil,
        isImmortal: table.epoch == .fixed)
    }
  }
}
