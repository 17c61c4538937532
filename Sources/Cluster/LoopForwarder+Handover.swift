public import GRPC
internal import NIOCore

/// What one event loop keeps of the calls that wait for keys which are on their way to this node.
struct LoopHandover {
  /// One of these calls, by which it goes on.
  struct Waiter {
    let parked: ParkedCall
    /// Serves the call from the beginning.
    let serve: (borrowing UnaryCall) -> Void
    /// Of a client's batch: what other nodes have done already; nil: nothing.
    let batch: BatchCall?
    let isSecondTry: Bool
    let progress: Progress
  }

  /// What a call has been through, while it is served again.
  struct Progress {
    /// By which it has waited.
    var epoch: Epoch
    /// By hashes of keys: whether those that had them have answered.
    var fetched: [UInt64: Bool] = [:]
    /// When it stops to wait for seals, and whether it is `handoverWait` that ends then; nil: it has not
    /// waited for any.
    var sealWait: (end: NIODeadline, isLimit: Bool)?
  }

  /// Of the loop.
  let executor: LoopExecutor
  var calls: HandoverCalls
  var waiters: [UInt64: Waiter] = [:]
  var fetches: [HandoverCalls.FetchID: Task<Void, Never>] = [:]
  /// Of the call that is being served again; nil: of none.
  var progress: Progress?
  var fetcher: (any KeyFetcher)?
  /// When those whose time is over are looked for next.
  var sweepAt: NIODeadline?
  private var lastTag: UInt64 = 0

  /// Tells the tags of these calls from those of forwards and batches: none of these has both bits.
  static let tags: UInt64 = 3 << 62
  /// Least time between two looks at all calls that wait.
  static let sweepInterval: TimeAmount = .milliseconds(2)

  init(_ configuration: ForwardingConfiguration, _ eventLoop: any EventLoop) {
    self.executor = LoopExecutor(eventLoop)
    self.calls = HandoverCalls(
      callsMax: configuration.handoverCallsMax, fetchesMax: configuration.handoverFetchesMax)
  }

  mutating func nextTag() -> UInt64 {
    self.lastTag += 1
    return Self.tags | self.lastTag
  }
}

/// What comes of a call that must wait for a seal.
public enum OnSealWait: Sendable {
  /// It is served again, sooner or later.
  case waiting
  /// It has waited for as long as it may.
  case over
  /// As many calls wait as may.
  case full
}

// Calls for keys that are on their way to this node. They wait, and are then served from the beginning:
// whatever has changed meanwhile decides.
extension LoopForwarder {
  /// What a call for a key of this node with that hash must do first; nil: nothing.
  public func arrival(of hash: UInt64) -> Arrivals.State? { self.arrivals.state(of: hash) }

  /// The call that is being served has waited for its keys before.
  public var hasWaited: Bool { self.handover.progress != nil }

  /// Whether those that had the key before have answered when it was fetched for the call that is being
  /// served; nil: it was not fetched.
  public func wasFetched(_ hash: UInt64) -> Bool? { self.handover.progress?.fetched[hash] }

  /// Has a call wait until its keys are sealed where they were.
  ///
  /// - Parameters:
  ///   - hashes: of keys that are unsealed.
  ///   - serve: serves the call from the beginning.
  public func waitForSeal(
    of hashes: [UInt64], _ call: borrowing UnaryCall,
    serve: @escaping (borrowing UnaryCall) -> Void
  ) -> OnSealWait {
    var progress = self.handover.progress ?? LoopHandover.Progress(epoch: self.table.epoch)
    let wait = progress.sealWait ?? self.sealWait(of: call)
    guard wait.end > call.now else {
      if wait.isLimit { call.count(.handoverWait) }
      // Once, though the rest of a batch be fetched now, and the call come by here again.
      self.handover.progress?.sealWait?.isLimit = false
      return .over
    }
    guard self.hasRoom(for: call) else { return .full }
    progress.sealWait = wait
    let tag = self.park(call, progress, serve)
    self.handover.calls.park(tag, for: hashes, until: wait.end)
    self.sweep(at: wait.end)
    return .waiting
  }

  private func sealWait(of call: borrowing UnaryCall) -> (end: NIODeadline, isLimit: Bool) {
    let (limit, deadline) = (
      call.now + self.configuration.handoverWait, self.deadline(of: call).time
    )
    return limit <= deadline ? (limit, true) : (deadline, false)
  }

  /// Has a call wait until its keys are fetched, as far as that is possible.
  ///
  /// - Parameters:
  ///   - keys: of the call; those that are being fetched already are not asked for once more.
  ///   - serve: serves the call from the beginning.
  /// - Returns: false: as many calls wait as may.
  public func fetch(
    _ keys: [FetchKey], for call: borrowing UnaryCall,
    serve: @escaping (borrowing UnaryCall) -> Void
  ) -> Bool {
    guard self.hasRoom(for: call) else { return false }
    let until = self.deadline(of: call).time
    let tag = self.park(
      call, self.handover.progress ?? LoopHandover.Progress(epoch: self.table.epoch), serve)
    self.start(self.handover.calls.fetch(keys, for: tag, until: until))
    self.sweep(at: until)
    return true
  }

  private func hasRoom(for call: borrowing UnaryCall) -> Bool {
    guard self.handover.calls.isFull else { return true }
    call.count(.handoverCallsMax)
    return false
  }

  private func park(
    _ call: borrowing UnaryCall, _ progress: LoopHandover.Progress,
    _ serve: @escaping (borrowing UnaryCall) -> Void
  ) -> UInt64 {
    let tag = self.handover.nextTag()
    self.handover.waiters[tag] = LoopHandover.Waiter(
      parked: call.park(observer: self, tag: tag), serve: serve, batch: self.pendingBatch,
      isSecondTry: self.isSecondTry, progress: progress)
    return tag
  }

  // MARK: - Fetches

  private func start(_ fetch: HandoverCalls.FetchID?) {
    guard let fetch else { return }
    guard let fetcher = self.handover.fetcher else {
      preconditionFailure("set before the first call")
    }
    let keys = self.handover.calls.keys(of: fetch)
    // On this loop, where the call waits, and the connections to other nodes may be: on other threads the
    // task would wait for a core at each step, behind what else the node does.
    self.handover.fetches[fetch] = Task(executorPreference: self.handover.executor) {
      let isAnswered = await fetcher.fetch(keys)
      self.eventLoop.execute { self.landed(fetch, isAnswered) }
    }
  }

  private func landed(_ fetch: HandoverCalls.FetchID, _ isAnswered: Bool) {
    self.handover.fetches[fetch] = nil
    let (ready, next) = self.handover.calls.landed(fetch, isAnswered: isAnswered)
    self.start(next)
    for call in ready { self.serve(call) }
  }

  // MARK: - Served again

  /// Other keys are on their way from now on, with the table that there is.
  func install(_ arrivals: Arrivals) {
    self.arrivals = arrivals
    self.resumeUnsealed()
  }

  /// The table, or what is on its way, has changed.
  func resumeUnsealed() {
    guard self.handover.calls.count > 0 else { return }
    let arrivals = self.arrivals
    for call in self.handover.calls.arrivalsChanged(isUnsealed: {
      arrivals.state(of: $0) == .unsealed
    }) {
      self.serve(call)
    }
  }

  /// Nobody wants the call's answer any more.
  func abandonedArrival(_ tag: UInt64) {
    self.handover.waiters[tag] = nil
    self.handover.calls.leave(tag)
  }

  private func sweep(at time: NIODeadline) {
    if let next = self.handover.sweepAt, next <= time { return }
    self.handover.sweepAt = time
    self.eventLoop.assumeIsolated().scheduleTask(deadline: time) {
      // One that was sooner has taken its place, maybe.
      guard self.handover.sweepAt == time else { return }
      self.handover.sweepAt = nil
      let now = NIODeadline.now()
      for call in self.handover.calls.due(now) { self.serve(call) }
      guard let next = self.handover.calls.nextDue else { return }
      self.sweep(at: max(next, now + LoopHandover.sweepInterval))
    }
  }

  /// Serves a call from the beginning, which knows what was fetched for it. What was fetched by another
  /// table says nothing: the key may have been away and come back since.
  private func serve(_ ready: HandoverCalls.Ready) {
    // It may have left while those before it were served.
    guard let waiter = self.handover.waiters.removeValue(forKey: ready.tag) else { return }
    var progress = waiter.progress
    if progress.epoch == self.table.epoch {
      progress.fetched.merge(ready.fetched) { $1 }
    } else {
      progress.epoch = self.table.epoch
      progress.fetched = [:]
      waiter.batch?.rerouteOwn()
    }
    let wasSecondTry = self.isSecondTry
    self.isSecondTry = waiter.isSecondTry
    self.pendingBatch = waiter.batch
    self.handover.progress = progress
    waiter.parked.resume(flushing: self.flushes) { waiter.serve($0) }
    self.handover.progress = nil
    self.pendingBatch = nil
    self.isSecondTry = wasSecondTry
  }
}
