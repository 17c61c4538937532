public import Logging
public import NIOCore

/// Calls to one server, from any task: connects on demand, connects anew after a loss, and waits
/// longer and longer while the server cannot be reached.
///
/// While connecting, calls wait, and their deadlines run; once it has failed, calls fail at once
/// with UNAVAILABLE until the next attempt is due.
public final class ClientChannel: Sendable {
  /// By which channelz knows the channel; positive, and never given twice in the life of the process.
  public let id = ChannelzID.next()
  private let registry: ChannelRegistry?
  let core: NIOLoopBoundBox<ChannelCore>
  private let peer: String
  private let interceptors: [any ClientInterceptor]

  private var eventLoop: any EventLoop { self.core.eventLoop }

  /// - Parameters:
  ///   - group: one of its event loops serves the channel; stays the caller's.
  ///   - logger: is told of connections made, lost and failed.
  public init(
    host: String, port: Int, group: any EventLoopGroup,
    configuration: ClientConfiguration = ClientConfiguration(), logger: Logger
  ) {
    let eventLoop = group.next()
    self.peer = ClientConnection.authority(host: host, port: port)
    self.interceptors = configuration.interceptors
    // Nobody uses the core before the loop does.
    self.core = .makeBoxSendingValue(
      ChannelCore(
        host: host, port: port, eventLoop: eventLoop, configuration: configuration,
        logger: logger),
      eventLoop: eventLoop)
    self.registry = configuration.registry
    self.registry?.add(self)
  }

  deinit { self.registry?.remove(self.id) }

  /// What the channel is doing and has done.
  public func snapshot() async -> ChannelSnapshot {
    let (core, id) = (self.core, self.id)
    return await withCheckedContinuation { continuation in
      self.eventLoop.execute { continuation.resume(returning: core.value.snapshot(id: id)) }
    }
  }

  /// Connects, unless there is a connection. For callers that have to know whether a call was sent:
  /// one that follows a failure of this was not.
  ///
  /// - Parameter timeout: how long to wait; nil: until it has connected, or failed to.
  /// - Throws: why there is no connection.
  public func connect(timeout: TimeAmount? = nil) async throws(Status) {
    let core = self.core
    let waiter = ChannelWaiter(deadline: timeout.map { NIODeadline.now() + $0 })
    let result = await self.wait(waiter) { (done: @escaping (Result<Void, Status>) -> Void) in
      core.value.connect(waiter, done)
    }
    try result.get()
  }

  /// Makes a unary call. One that surely did nothing on the server (its stream was refused, or its
  /// connection said goodbye first) is made once more. Cancelling the task cancels the call.
  ///
  /// - Parameters:
  ///   - path: such as `/larder.v1.Cache/Get`.
  ///   - timeout: how long to wait for the answer, connecting included; nil: for ever.
  /// - Throws: how the call ended, where not with OK.
  public func unary(
    _ path: String, _ message: [UInt8], metadata: Metadata = Metadata(),
    timeout: TimeAmount? = nil
  ) async throws(Status) -> ClientResponse {
    if self.interceptors.isEmpty {
      return try await self.send(path, message, metadata, timeout)
    }
    var intercepted = InterceptedClientCall(
      ClientCallHead(path: path, peer: self.peer, metadata: metadata))
    try intercepted.begin(self.interceptors)
    do throws(Status) {
      let response = try await self.send(path, message, intercepted.head.metadata, timeout)
      intercepted.end(.ok)
      return response
    } catch {
      intercepted.end(error)
      throw error
    }
  }

  private func send(
    _ path: String, _ message: [UInt8], _ metadata: Metadata, _ timeout: TimeAmount?
  ) async throws(Status) -> ClientResponse {
    let call = ChannelCall(
      path: path, message: message, metadata: metadata,
      deadline: timeout.map { NIODeadline.now() + $0 })
    let core = self.core
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        self.eventLoop.execute {
          call.whenDone = { continuation.resume(returning: $0) }
          core.value.start(call)
        }
      }
    } onCancel: {
      self.eventLoop.execute { core.value.cancel(call) }
    }
    return try result.get()
  }

  /// Opens a streaming call, once there is a connection.
  ///
  /// - Parameter timeout: for the call as a whole, connecting included; nil: none.
  /// - Throws: why it could not be opened.
  public func streaming(
    _ path: String, metadata: Metadata = Metadata(), timeout: TimeAmount? = nil
  ) async throws(Status) -> ClientStreamingCall {
    if self.interceptors.isEmpty { return try await self.open(path, metadata, timeout, nil) }
    var intercepted = InterceptedClientCall(
      ClientCallHead(path: path, peer: self.peer, metadata: metadata))
    try intercepted.begin(self.interceptors)
    do throws(Status) {
      return try await self.open(path, intercepted.head.metadata, timeout, intercepted)
    } catch {
      intercepted.end(error)
      throw error
    }
  }

  /// - Parameter intercepted: is told of the call's end, once it was opened.
  private func open(
    _ path: String, _ metadata: Metadata, _ timeout: TimeAmount?,
    _ intercepted: InterceptedClientCall?
  ) async throws(Status) -> ClientStreamingCall {
    let core = self.core
    let waiter = ChannelWaiter(deadline: timeout.map { NIODeadline.now() + $0 })
    let result = await self.wait(waiter) { done in
      core.value.open(path, metadata, waiter, intercepted, done)
    }
    return try result.get()
  }

  /// Runs `begin` on the event loop, and waits until it is done; a task that is cancelled waits no
  /// longer.
  private func wait<Value: Sendable>(
    _ waiter: ChannelWaiter,
    _ begin: @escaping @Sendable (@escaping (Result<Value, Status>) -> Void) -> Void
  ) async -> Result<Value, Status> {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        self.eventLoop.execute { begin { continuation.resume(returning: $0) } }
      }
    } onCancel: {
      self.eventLoop.execute {
        waiter.finish(.failure(Status(.cancelled, "the task was cancelled")))
      }
    }
  }

  /// Closes the connection; returns when it is closed. Calls under way and calls made later fail
  /// with UNAVAILABLE.
  public func shutdown() async {
    self.registry?.remove(self.id)
    let core = self.core
    await withCheckedContinuation { continuation in
      self.eventLoop.execute { core.value.shutDown { continuation.resume() } }
    }
  }
}

/// The answer to a unary call that ended with OK.
public struct ClientResponse: Sendable {
  public let message: ByteBuffer
  /// The metadata before the message.
  public let metadata: Metadata
  /// The metadata after the message.
  public let trailers: Metadata
}
