public import GRPC
internal import HashRing
public import LarderAPI
internal import Logging
public import NIOCore
internal import Wire

/// One event loop's way to the other nodes: the table by which it goes, its connections to the peers,
/// and the calls on them. Used on that loop only, so that nothing here is locked or counted.
///
/// A client's call is parked, and its message goes out as it came, on a connection of the same loop:
/// no task, and no copy but those into and out of the connections' buffers.
///
/// `@unchecked Sendable`: made before its loop uses it, and used on that loop only from then on.
public final class LoopForwarder: @unchecked Sendable {
  public internal(set) var table: RoutingTable
  /// When this node must stop to serve, unless it is told otherwise before.
  var servesUntil = NIODeadline.distantFuture
  let configuration: ForwardingConfiguration
  let passed: PassedMetadata
  /// What new links show.
  var credentials: PeerCredentials
  let eventLoop: any EventLoop
  let logger: Logger
  /// By member, as many for each as `connectionsPerLoop` says; none for this node itself.
  var links: [[PeerLink]] = []
  /// Of the links of one member, which is next.
  private var turn = 0
  /// Allocated in `init`, freed in `deinit`.
  private let state: UnsafeMutablePointer<ForwarderState>
  let flushes: LoopFlushes
  var cancels = CancelBudget()
  /// Is told of epochs that are newer than this loop's, by which peers go.
  var whenBehind: (Epoch) -> Void = { _ in }
  /// The newest clock of a peer that was taken over by this loop, and when one was refused last.
  var clockHeard = PeerClock.Heard()
  /// Calls that wait for a newer table.
  var waiters: [EpochWaiter] = []
  /// Batches whose parts are under way, by the tags of their calls.
  var batches: [UInt64: BatchCall] = [:]
  var lastBatch: UInt64 = 0
  /// Links on whose lists there are reads.
  var linksWithReads: [PeerLink] = []
  /// Calls that reads share, by their tags.
  var readCalls: [UInt64: (link: PeerLink, readers: [UInt64])] = [:]
  var lastReadCall: UInt64 = 0
  /// Reads that have gone out with others in one call.
  var sharedReads = 0
  /// Tells the tags of shared calls from those of forwards.
  static let readCallTags: UInt64 = 1 << 63
  /// The batch whose parts have come back, while its call is served again.
  public internal(set) var pendingBatch: BatchCall?
  /// Tells the tags of batches from those of forwards, which leave the top bit alone.
  static let batchTags: UInt64 = 1 << 63
  /// A call is being served once more, the last time.
  public internal(set) var isSecondTry = false
  /// Calls for keys that are on their way to this node.
  var handover: LoopHandover
  /// Serves a client's call from the beginning, after the table has changed, or when the parts of a
  /// batch have come back; set once, at start.
  public internal(set) var serveAgain: (borrowing UnaryCall) -> Void = { _ in
    preconditionFailure("set before the first call")
  }

  /// Hears of peers whose addresses refuse connections; set once, at start.
  public internal(set) var peerDied: @Sendable (Member) -> Void = { _ in }

  init(
    table: RoutingTable, configuration: ForwardingConfiguration, eventLoop: any EventLoop,
    logger: Logger
  ) {
    self.table = table
    self.configuration = configuration
    self.passed = PassedMetadata(bytesMax: configuration.metadataMaxBytes)
    self.credentials = configuration.credentials
    self.eventLoop = eventLoop
    self.logger = logger
    self.state = .allocate(capacity: 1)
    self.state.initialize(
      to: ForwarderState(flights: ReadFlights(waitingMax: configuration.callsMax)))
    self.flushes = LoopFlushes(eventLoop: eventLoop)
    self.handover = LoopHandover(configuration, eventLoop)
    self.links = self.makeLinks(for: table)
    // The turn may end after the forwarder has.
    self.flushes.beforeFlush = { [weak self] in self?.sendReads() }
  }

  deinit {
    self.state.deinitialize(count: 1)
    self.state.deallocate()
  }

  /// The calls under way.
  var forwards: ForwardTable {
    _read { yield self.state.pointee.forwards }
    _modify { yield &self.state.pointee.forwards }
  }

  /// The reads among them.
  var flights: ReadFlights {
    _read { yield self.state.pointee.flights }
    _modify { yield &self.state.pointee.flights }
  }

  /// How calls have ended.
  var counts: ForwardCounts {
    _read { yield self.state.pointee.counts }
    _modify { yield &self.state.pointee.counts }
  }

  /// What of this node's keys is not here yet.
  var arrivals: Arrivals {
    get { self.state.pointee.arrivals }
    set {
      self.state.pointee.arrivals = newValue
      self.state.pointee.hasArrivals = !newValue.isEmpty
    }
  }

  /// Some of this node's keys are not here yet.
  public var hasArrivals: Bool { self.state.pointee.hasArrivals }

  /// What this node may do with the keys that the table gives it.
  ///
  /// - Parameter now: a lease is over when its time is, whether or not anybody has looked since.
  public func duty(_ now: NIODeadline) -> RoutingTable.Duty {
    let duty = self.table.duty
    return duty == .serving && now >= self.servesUntil ? .isolated : duty
  }

  // MARK: - Single calls

  /// Sends a client's call to another node, whose answer, or why there is none, will be the call's.
  ///
  /// - Parameters:
  ///   - owner: as `RoutingTable.otherOwner` gave it.
  ///   - hash: of the key.
  public func forward(
    _ call: borrowing UnaryCall, _ method: CacheMethod, to owner: Int, hash: UInt64
  ) {
    let link = self.link(to: owner)
    // Those who would wait for a peer that is silent are told so at once.
    if method == .get, link.suspected == nil, self.joins(call, hash, link) { return }
    let deadline = self.deadline(of: call)
    if let connection = link.ready {
      if method == .get, self.shares(call, hash, link, deadline) { return }
      let tag = self.forwards.nextTag
      return self.send(call, method, link, deadline, tag, hash, on: connection)
    }
    let tag = self.forwards.nextTag
    switch link.call(call.now, tag: tag) {
    case .use(let connection):
      self.send(call, method, link, deadline, tag, hash, on: connection)
    case .wait: self.keep(call, method, link, deadline, tag, hash, sent: nil)
    case .fail(let reason, let wait):
      self.counts.count(method, .unreachable)
      call.fail(ForwardFailure.unreachable(link.member, reason, retryAfter: wait))
    case .full: self.refuse(call, method, link)
    }
  }

  private func send(
    _ call: borrowing UnaryCall, _ method: CacheMethod, _ link: PeerLink,
    _ deadline: ForwardDeadline, _ tag: UInt64, _ hash: UInt64, on connection: ClientConnection
  ) {
    let id = connection.call(
      link.methods[method.rawValue], timeout: deadline.time - call.now,
      tellsTimeout: deadline.isClients, now: call.now,
      metadata: self.passed.of(call),
      size: call.message.byteCount,
      { $0.append(bytes: call.message) }, to: self, tag: tag)
    guard let id else {
      // It has no stream ids left, which it finds out with its last call: the next one is made.
      return self.fail(call, method, link, .unreachable, retryAfter: .nanoseconds(0))
    }
    self.flushes.add(connection)
    self.keep(call, method, link, deadline, tag, hash, sent: (connection, id, call.now))
  }

  func keep(
    _ call: borrowing UnaryCall, _ method: CacheMethod, _ link: PeerLink,
    _ deadline: ForwardDeadline, _ tag: UInt64, _ hash: UInt64,
    sent: (ClientConnection, CallID, NIODeadline)?
  ) {
    self.forwards.insert(
      Forward(
        requester: .call(call.park(observer: self, tag: tag)), method: method, link: link,
        deadline: deadline.time, isClientDeadline: deadline.isClients,
        flight: method == .get ? self.flights.depart(hash, tag) : nil,
        isSecondTry: self.isSecondTry, sent: sent))
  }

  /// Refuses a call for which the link has no room.
  func refuse(_ call: borrowing UnaryCall, _ method: CacheMethod, _ link: PeerLink) {
    call.count(.peerCallsMax)
    self.counts.count(method, .unreachable)
    call.fail(ForwardFailure.tooManyCalls(link.member, max: self.configuration.callsMax))
  }

  private func fail(
    _ call: borrowing UnaryCall, _ method: CacheMethod, _ link: PeerLink,
    _ result: ForwardResult, retryAfter: TimeAmount
  ) {
    self.counts.count(method, result)
    let reason = Status(.unavailable, "its connection takes no more calls")
    call.fail(ForwardFailure.unreachable(link.member, reason, retryAfter: retryAfter))
  }

  func link(to owner: Int) -> PeerLink {
    guard self.configuration.connectionsPerLoop > 1 else { return self.links[owner][0] }
    self.turn = (self.turn + 1) % self.configuration.connectionsPerLoop
    return self.links[owner][self.turn]
  }

  func deadline(of call: borrowing UnaryCall) -> ForwardDeadline {
    ForwardDeadline(
      now: call.now, client: call.deadline, timeout: self.configuration.forwardTimeout,
      margin: self.configuration.forwardMargin)
  }

  /// Serves a parked call from the beginning, with the table as it is now; nothing it leads to is
  /// tried once more.
  func serveOnceMore(_ parked: ParkedCall, _ serve: (borrowing UnaryCall) -> Void) {
    self.isSecondTry = true
    parked.resume(flushing: self.flushes) { serve($0) }
    self.isSecondTry = false
  }

  // MARK: - Sending what has waited

  /// Sends a forward that waited for its connection, or that was surely not done when it was sent.
  func send(_ forward: Forward, on connection: ClientConnection) {
    var forward = forward
    let timeout = forward.deadline - .now()
    guard timeout > .nanoseconds(0) else {
      self.counts.count(forward.method, forward.isClientDeadline ? .deadline : .unknown)
      return self.answer(forward, ForwardFailure.tooLate(forward.link.member))
    }
    let tag = self.forwards.nextTag
    var id: CallID?
    switch forward.requester {
    case .call(let parked):
      var again: ParkedCall?
      parked.resume(flushing: self.flushes) { call in
        id = connection.call(
          forward.link.methods[forward.method.rawValue], timeout: timeout,
          tellsTimeout: forward.isClientDeadline, metadata: self.passed.of(call),
          size: call.message.byteCount,
          { $0.append(bytes: call.message) }, to: self, tag: tag)
        again = call.park(observer: self, tag: tag)
      }
      // The client has left meanwhile.
      guard let again else { return self.gone(forward) }
      if let flight = forward.flight { self.flights.renamed(flight, tag) }
      forward = forward.with(.call(again))
    case .readers(let flight):
      let isWanted = self.look(at: flight) { call in
        id = connection.call(
          forward.link.methods[forward.method.rawValue], timeout: timeout,
          tellsTimeout: forward.isClientDeadline, metadata: self.passed.of(call),
          size: call.message.byteCount,
          { $0.append(bytes: call.message) }, to: self, tag: tag)
      }
      guard isWanted else {
        self.tellReaders(of: flight) { _ in }
        return self.gone(forward)
      }
      self.flights.called(flight, as: tag)
    case .part(let batch, let number):
      guard batch.isWanted else { return self.counts.count(forward.method, .cancelled) }
      let message = batch.parts[number].message
      id = connection.call(
        forward.link.methods[forward.method.rawValue], timeout: timeout,
        tellsTimeout: forward.isClientDeadline, metadata: batch.metadata,
        size: message.count, { $0.append(bytes: message.span.bytes) }, to: self, tag: tag)
      batch.parts[number].tag = tag
    }
    guard let id else {
      self.counts.count(forward.method, .unreachable)
      let reason = Status(.unavailable, "its connection takes no more calls")
      return self.answer(
        forward,
        ForwardFailure.unreachable(forward.link.member, reason, retryAfter: .nanoseconds(0)))
    }
    forward.sent = (connection, id, .now())
    self.forwards.insert(forward)
    self.flushes.add(connection)
  }

  /// The wait of these calls for their link is over.
  func linkReady(_ tags: [UInt64], _ result: Result<ClientConnection, Status>) {
    for tag in tags {
      guard let forward = self.forwards.remove(tag) else { continue }
      switch result {
      case .success(let connection): self.send(forward, on: connection)
      case .failure(let reason): self.failUnsent(forward, reason)
      }
    }
  }

  /// Ends a forward that was surely not done: with an error, or, where its owner has left the ring
  /// meanwhile, by having the ring as it is now serve it, as often as that happens.
  func failUnsent(_ forward: Forward, _ reason: Status, retryAfter: TimeAmount = .nanoseconds(0)) {
    if self.hasLeft(forward.link) {
      switch forward.requester {
      case .call(let parked):
        self.serveOnceMore(parked, self.serveAgain)
        return self.landed(forward)
      case .readers(let flight):
        for tag in self.flights.readers(of: flight) {
          guard case .call(let parked)? = self.forwards.remove(tag)?.requester else { continue }
          self.serveOnceMore(parked, self.serveAgain)
        }
        return self.landed(forward)
      // The other parts may be done, so that the batch sees to its keys when they have ended.
      case .part(let batch, let number): batch.parts[number].hasMoved = true
      }
    }
    self.counts.count(forward.method, .unreachable)
    self.answer(
      forward, ForwardFailure.unreachable(forward.link.member, reason, retryAfter: retryAfter))
  }

  private func hasLeft(_ link: PeerLink) -> Bool {
    // Those of a server that stops are closed, and still there.
    link.state == .closed && !self.links.joined().contains { $0 === link }
  }

  /// Ends a forward with an error.
  func answer(_ forward: Forward, _ status: Status) {
    switch forward.requester {
    case .call(let parked): parked.resume(flushing: self.flushes) { $0.fail(status) }
    case .part(let batch, let number): self.partEnded(batch, number, .failure(status))
    case .readers(let flight): self.tellReaders(of: flight) { $0.fail(status) }
    }
    self.landed(forward)
  }

  /// Ends a forward for which nobody waits any more, and that is not under way.
  func gone(_ forward: Forward) {
    self.counts.count(forward.method, .cancelled)
    self.landed(forward)
  }
}

extension Forward {
  /// The same, for another requester.
  func with(_ requester: Requester) -> Forward {
    Forward(
      requester: requester, method: self.method, link: self.link, deadline: self.deadline,
      isClientDeadline: self.isClientDeadline, flight: self.flight,
      isSecondTry: self.isSecondTry, sent: nil)
  }
}
