internal import Logging
internal import NIOCore

/// The channel's side of its event loop: the connection, the calls on it, and those that wait.
final class ChannelCore: UnaryReceiver {
  /// Methods whose request heads are kept.
  private static let methodsMax = 1000

  private let host: String
  private let port: Int
  let peer: String
  private let eventLoop: any EventLoop
  /// As it was given; its keepalive interval grows where the server finds it too short.
  private(set) var configuration: ClientConfiguration
  private let logger: Logger
  private(set) var state: ChannelStateMachine
  /// Calls go here; nil while there is none that takes any.
  private var connection: ClientConnection?
  /// Every connection that is not closed: calls may be ending on those that take no more.
  private(set) var connections: [ObjectIdentifier: ClientConnection] = [:]
  /// The calls that were made on no connection, or on one that is closed.
  private(set) var closedCounts = ChannelCounts()
  private var waiters: [ChannelWaiter] = []
  private var methods: [String: ClientMethod] = [:]
  private var calls: [UInt64: ChannelCall] = [:]
  private var lastTag: UInt64 = 0
  private var isFlushDue = false

  init(
    host: String, port: Int, eventLoop: any EventLoop, configuration: ClientConfiguration,
    logger: Logger
  ) {
    self.host = host
    self.port = port
    self.peer = ClientConnection.authority(host: host, port: port)
    self.eventLoop = eventLoop
    self.configuration = configuration
    self.logger = logger
    self.state = ChannelStateMachine(configuration.backoff)
  }

  // MARK: - Unary calls

  func start(_ call: ChannelCall) {
    guard !call.isCancelled else {
      return call.finish(.failure(Status(.cancelled, "the task was cancelled")))
    }
    let waiter = ChannelWaiter(deadline: call.deadline)
    call.waiter = waiter
    self.withConnection(waiter) { result in
      switch result {
      case .success(let connection): self.send(call, on: connection)
      case .failure(let status): self.fail(call, status)
      }
    }
  }

  func cancel(_ call: ChannelCall) {
    call.isCancelled = true
    let status = Status(.cancelled, "the task was cancelled")
    if let sent = call.sent {
      self.calls[sent.tag] = nil
      sent.connection.cancel(sent.id)
      self.flushSoon()
      call.finish(.failure(status))
    } else {
      call.waiter?.finish(.failure(status))
    }
  }

  private func send(_ call: ChannelCall, on connection: ClientConnection) {
    let timeout = call.deadline.map { $0 - .now() }
    if let timeout, timeout <= .nanoseconds(0) { return self.fail(call, self.tooLate) }
    guard ClientConnection.takes(call.metadata) else {
      return self.fail(call, self.metadataTooLarge(call.metadata))
    }
    self.lastTag += 1
    connection.readClock()
    let id = connection.call(
      self.method(call.path), timeout: timeout, metadata: call.metadata, size: call.message.count,
      { output in
        call.message.withUnsafeBytes { bytes in
          output.withUnsafeMutableBytes { target, initialized in
            // The span was made for the prefix and these bytes.
            UnsafeMutableRawBufferPointer(rebasing: target[initialized...]).copyMemory(from: bytes)
            initialized += bytes.count
          }
        }
      }, to: self, tag: self.lastTag)
    guard let id else {
      // Only just found out: the next connection takes it.
      if connection.isLeaving { return self.start(call) }
      return self.fail(call, self.tooManyCalls)
    }
    call.sent = (connection, id, self.lastTag)
    self.calls[self.lastTag] = call
    self.flushSoon()
  }

  /// Ends a call that was never sent.
  private func fail(_ call: ChannelCall, _ status: Status) {
    self.closedCounts.callsUnsent += 1
    call.finish(.failure(status))
  }

  func received(_ response: borrowing UnaryResponse, tag: UInt64) {
    guard let call = self.calls.removeValue(forKey: tag) else { return }
    call.sent = nil
    guard response.isOK else {
      if response.wasNotExecuted && !call.isRetry {
        call.isRetry = true
        return self.start(call)
      }
      return call.finish(.failure(response.status))
    }
    call.finish(
      .success(
        ClientResponse(
          message: response.message.withUnsafeBytes { ByteBuffer(bytes: $0) },
          metadata: response.metadata.copy(), trailers: response.trailers.copy())))
  }

  /// One write for all calls that this turn of the loop makes.
  private func flushSoon() {
    guard !self.isFlushDue else { return }
    self.isFlushDue = true
    self.eventLoop.assumeIsolated().execute {
      self.isFlushDue = false
      for connection in self.connections.values { connection.flush() }
    }
  }

  // MARK: - Streaming calls

  func open(
    _ path: String, _ metadata: Metadata, _ waiter: ChannelWaiter,
    _ intercepted: InterceptedClientCall?,
    _ done: @escaping (Result<ClientStreamingCall, Status>) -> Void
  ) {
    self.withConnection(waiter) { result in
      let opened: Result<ClientStreamingCall, Status> = result.flatMap { connection in
        let timeout = waiter.deadline.map { $0 - .now() }
        if let timeout, timeout <= .nanoseconds(0) { return .failure(self.tooLate) }
        guard ClientConnection.takes(metadata) else {
          return .failure(self.metadataTooLarge(metadata))
        }
        connection.readClock()
        guard
          let call = connection.streaming(
            self.method(path), timeout: timeout, metadata: metadata, intercepted: intercepted)
        else { return .failure(self.tooManyCalls) }
        self.flushSoon()
        return .success(call)
      }
      if case .failure = opened { self.closedCounts.callsUnsent += 1 }
      done(opened)
    }
  }

  // MARK: - Connections

  func connect(_ waiter: ChannelWaiter, _ done: @escaping (Result<Void, Status>) -> Void) {
    self.withConnection(waiter) { done($0.map { _ in }) }
  }

  private func withConnection(
    _ waiter: ChannelWaiter, _ whenReady: @escaping (Result<ClientConnection, Status>) -> Void
  ) {
    waiter.wait(whenReady)
    guard waiter.isWaiting else { return }
    if let connection = self.connection, !connection.isOpen || connection.isLeaving {
      self.lose(connection)
    }
    switch self.state.call(.now()) {
    case .use:
      guard let connection = self.connection else {
        preconditionFailure("a ready channel has a connection")
      }
      waiter.finish(.success(connection))
    case .connect:
      self.enqueue(waiter)
      self.connect()
    case .wait:
      guard self.waiters.count < self.configuration.callsMax else {
        return waiter.finish(.failure(self.tooManyCalls))
      }
      self.enqueue(waiter)
    case .fail(let status):
      waiter.finish(.failure(status))
    }
  }

  private func enqueue(_ waiter: ChannelWaiter) {
    self.waiters.append(waiter)
    guard let deadline = waiter.deadline else { return }
    waiter.timer = self.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      waiter.finish(.failure(self.tooLate))
    }
  }

  private func connect() {
    ClientConnection.connect(
      host: self.host, port: self.port, on: self.eventLoop, configuration: self.configuration
    ).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let connection): self.connected(connection.value)
      case .failure(let error): self.failed(ConnectFailure.status(error, peer: self.peer))
      }
    }
  }

  private func connected(_ connection: ClientConnection) {
    guard self.state.connected() else { return connection.close() }
    self.logger.debug("connected", metadata: ["peer": "\(self.peer)"])
    self.connection = connection
    self.connections[ObjectIdentifier(connection)] = connection
    connection.whenClosed.assumeIsolated().whenComplete { _ in self.closed(connection) }
    self.finishWaiters(.success(connection))
  }

  private func failed(_ status: Status) {
    self.logger.debug(
      "cannot connect", metadata: ["peer": "\(self.peer)", "error": "\(status.message)"])
    self.state.failed(status, chance: .random(in: -1...1))
    self.finishWaiters(.failure(status))
  }

  private func closed(_ connection: ClientConnection) {
    self.logger.debug("connection closed", metadata: ["peer": "\(self.peer)"])
    self.connections[ObjectIdentifier(connection)] = nil
    self.closedCounts.add(connection.counts.pointee)
    if self.connection === connection { self.lose(connection) }
  }

  /// The connection that calls went to takes no more.
  private func lose(_ connection: ClientConnection) {
    self.connection = nil
    self.state.lost()
    guard connection.hasPingedTooOften, let interval = self.configuration.keepaliveInterval else {
      return
    }
    let longer = Keepalive.interval(afterTooManyPings: interval)
    self.configuration.keepaliveInterval = longer
    self.logger.warning(
      "the server was sent too many keepalive PINGs: from now on they come more rarely",
      metadata: ["peer": "\(self.peer)", "interval-ms": "\(longer.nanoseconds / 1_000_000)"])
  }

  private func finishWaiters(_ result: Result<ClientConnection, Status>) {
    let waiters = self.waiters
    self.waiters = []
    for waiter in waiters { waiter.finish(result) }
  }

  func shutDown(_ done: @escaping () -> Void) {
    self.state.shutDown()
    self.connection = nil
    self.finishWaiters(.failure(ChannelStateMachine.shutDownStatus))
    let open = Array(self.connections.values)
    for connection in open { connection.close(because: "the channel was shut down") }
    EventLoopFuture.andAllComplete(open.map(\.whenClosed), on: self.eventLoop)
      .assumeIsolated().whenComplete { _ in done() }
  }

  // MARK: - Parts

  private func method(_ path: String) -> ClientMethod {
    if let method = self.methods[path] { return method }
    // Paths may come from outside, so that heads made here can be freed.
    let method = ClientMethod(
      path: path, authority: self.peer, userAgent: self.configuration.userAgent,
      encoding: self.configuration.compression.encoding,
      isEncrypted: self.configuration.tls != nil, isImmortal: false)
    if self.methods.count < Self.methodsMax { self.methods[path] = method }
    return method
  }

  private var tooLate: Status {
    Status(.deadlineExceeded, "the deadline passed before the call to \(self.peer) was sent")
  }

  private func metadataTooLarge(_ metadata: Metadata) -> Status {
    Status(
      .resourceExhausted,
      "the call's metadata is \(metadata.headerListBytes) bytes of headers, over "
        + "\(ClientConnection.metadataMaxBytes)")
  }

  private var tooManyCalls: Status {
    Status(
      .resourceExhausted,
      "\(self.configuration.callsMax) calls to \(self.peer) are open or waiting (calls-max)")
  }
}
