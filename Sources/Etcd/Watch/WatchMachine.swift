/// What all watches of a client want of their one stream, and what they have seen. No I/O and no clock:
/// time is an argument, and what is to be done is returned, in order.
///
/// A watch that must be created anew goes on at the revision after its last event. A reply to a
/// progress request proves only that somebody is there: it may overtake events that are still to come
/// (etcd #15220), so nothing goes on from it.
struct WatchMachine {
  typealias Instant = ContinuousClock.Instant

  /// What the caller does for the machine.
  enum Effect: Equatable {
    case send(WatchRequest)
    case deliver(WatchID, WatchBatch)
    /// The watch is gone.
    case end(WatchID, WatchEnd)
    /// Ask the stream's endpoint for the present revision, through its leader; answered with `probed`
    /// or `probeFailed`.
    case probe
    /// The token may be to blame: close the stream, have the token replaced, open another.
    case renewToken
    /// The stream is of no use: close it, and leave its endpoint.
    case drop(StreamFault)
  }

  /// What is wrong with a stream that must be dropped.
  enum StreamFault: Equatable {
    case silent
    case unexpectedCreation
    case eventsOutOfOrder
  }

  struct Stream {
    /// When etcd was heard last.
    var heardAt: Instant
    /// When it was asked for a sign of life that it has not given; nil: it was not.
    var askedAt: Instant?
    var isProbing = false
    /// Watches that were asked for, in the order of their answers.
    var creating: [WatchID] = []
    /// Those that etcd has created.
    var created: [WireWatchID: WatchID] = [:]
  }

  struct Watch {
    enum Phase: Equatable {
      /// Wants a stream. Can go to `creating`.
      case waiting
      /// Asked for. Can go to `active`, `waiting` or `paused`.
      case creating
      /// etcd shows it, from `start` on. Can go to `waiting` or `paused`.
      case active(WireWatchID, start: Revision)
      /// Its reader is behind, so that etcd does not show it. Can go to `waiting` or `creating`.
      case paused
    }

    let keys: KeyRange
    let wantsPrevious: Bool
    /// The first revision that it has not shown; `.current`: whichever is next.
    var next: Revision
    var phase = Phase.waiting
    /// Events of a revision of which more may come.
    var held: [WatchEvent] = []
    /// etcd did not let it be created; the token may have been to blame.
    var wasRefused = false
  }

  let progressInterval: Duration
  let progressTimeout: Duration
  /// Tokens can be replaced.
  let hasCredentials: Bool
  var watches: [WatchID: Watch] = [:]
  /// Nil: none is open.
  var stream: Stream?
  private var lastWireID: Int64 = 0
  /// Of which etcd the watches show the history; nil: not known yet.
  private(set) var clusterID: UInt64?

  init(progressInterval: Duration, progressTimeout: Duration, hasCredentials: Bool) {
    self.progressInterval = progressInterval
    self.progressTimeout = progressTimeout
    self.hasCredentials = hasCredentials
  }

  /// A stream would have something to do.
  var isWanted: Bool { !self.watches.isEmpty }

  // MARK: - From the readers

  mutating func add(
    _ id: WatchID, _ keys: KeyRange, from next: Revision, wantsPrevious: Bool
  ) -> [Effect] {
    precondition(self.watches[id] == nil, "a watch is added once")
    self.watches[id] = Watch(keys: keys, wantsPrevious: wantsPrevious, next: next)
    return self.create(id)
  }

  /// Nobody reads the watch any more.
  mutating func remove(_ id: WatchID) -> [Effect] {
    // One that is being created is cancelled once its answer comes.
    guard let watch = self.watches.removeValue(forKey: id) else { return [] }
    return self.cancel(watch)
  }

  /// The reader is behind: nothing more is delivered until `resume`.
  mutating func pause(_ id: WatchID) -> [Effect] {
    guard let watch = self.watches[id], watch.phase != .paused else { return [] }
    self.watches[id]?.held = []
    // One that is being created goes on waiting for its answer, and is cancelled then.
    self.watches[id]?.phase = .paused
    return self.cancel(watch)
  }

  /// The reader has caught up.
  mutating func resume(_ id: WatchID) -> [Effect] {
    guard self.watches[id]?.phase == .paused else { return [] }
    self.watches[id]?.phase = .waiting
    return self.create(id)
  }

  private mutating func cancel(_ watch: Watch) -> [Effect] {
    guard case .active(let wireID, _) = watch.phase else { return [] }
    // What still comes for it is late, and dropped.
    self.stream?.created[wireID] = nil
    return [.send(.cancel(wireID))]
  }

  // MARK: - From the stream's keeper

  mutating func streamOpened(_ now: Instant) -> [Effect] {
    self.stream = Stream(heardAt: now)
    return self.watches.keys.sorted { $0.rawValue < $1.rawValue }.flatMap { self.create($0) }
  }

  mutating func streamClosed() {
    self.stream = nil
    for (id, watch) in self.watches where watch.phase != .paused {
      self.watches[id]?.phase = .waiting
      // The rest of their revision did not come: all of it comes again.
      self.watches[id]?.held = []
    }
  }

  private mutating func create(_ id: WatchID) -> [Effect] {
    // A paused watch whose creation is still unanswered waits for that answer, lest it be taken for
    // the new one's.
    guard let stream = self.stream, let watch = self.watches[id], watch.phase == .waiting,
      !stream.creating.contains(id)
    else { return [] }
    self.lastWireID += 1
    var request = WatchCreateRequest(watch.keys)
    request.startRevision = watch.next
    request.wantsPrevious = watch.wantsPrevious
    // Never used twice, so that late events of one watch are never another's.
    request.id = WireWatchID(rawValue: self.lastWireID)
    request.takesFragments = true
    self.watches[id]?.phase = .creating
    self.stream?.creating.append(id)
    return [.send(.create(request))]
  }

  // MARK: - From etcd

  mutating func received(_ response: WatchResponse, _ now: Instant) -> [Effect] {
    guard self.stream != nil else { return [] }
    self.stream?.heardAt = now
    self.stream?.askedAt = nil
    let ends = self.checkCluster(response.header)
    if response.isCreated { return ends + self.created(response) }
    guard ends.isEmpty else { return ends }
    // A progress reply, or something late of a watch that was cancelled.
    guard let id = self.stream?.created[response.id], self.watches[id] != nil else { return [] }
    if response.isCancelled {
      self.stream?.created[response.id] = nil
      return self.refused(id, response)
    }
    return self.events(id, response)
  }

  /// Another etcd answers than before: ends everything.
  private mutating func checkCluster(_ header: ResponseHeader) -> [Effect] {
    guard header.clusterID != 0, header.clusterID != self.clusterID else { return [] }
    defer { self.clusterID = header.clusterID }
    return self.clusterID == nil ? [] : self.endAll(found: header.revision) { _ in true }
  }

  private mutating func created(_ response: WatchResponse) -> [Effect] {
    guard let id = self.stream?.creating.first else { return [.drop(.unexpectedCreation)] }
    self.stream?.creating.removeFirst()
    guard let watch = self.watches[id], watch.phase == .creating else {
      // Removed or paused since; and wanted again, perhaps.
      let cancel: [Effect] = response.isCancelled ? [] : [.send(.cancel(response.id))]
      return cancel + self.create(id)
    }
    guard !response.isCancelled else { return self.refused(id, response) }
    self.stream?.created[response.id] = id
    // One that starts now starts behind what the answer shows as the present.
    let next = watch.next == .current ? response.header.revision.next : watch.next
    self.watches[id]?.next = next
    self.watches[id]?.wasRefused = false
    self.watches[id]?.phase = .active(response.id, start: next)
    // The member is behind, or etcd itself is not what it was.
    return response.header.revision.next < next ? self.probe() : []
  }

  /// etcd has ended the watch, or has not begun it.
  private mutating func refused(_ id: WatchID, _ response: WatchResponse) -> [Effect] {
    if response.compactRevision != .current {
      return self.end(id, .compacted(at: response.compactRevision))
    }
    let reason = response.cancelReason
    let isTokensFault =
      reason.contains("permission denied") || reason.contains("auth token")
      || reason.contains("revision of auth store is old") || reason.contains("user name is empty")
    if self.hasCredentials && isTokensFault && self.watches[id]?.wasRefused == false {
      // etcd 3.4 says of an expired token that permission is denied.
      self.watches[id]?.wasRefused = true
      self.watches[id]?.phase = .waiting
      return [.renewToken]
    }
    return self.end(id, .cancelled(reason: reason.isEmpty ? "etcd gives no reason" : reason))
  }

  private mutating func events(_ id: WatchID, _ response: WatchResponse) -> [Effect] {
    guard var watch = self.watches[id] else { return [] }
    var whole: [WatchEvent] = []
    for event in response.events where event.keyValue.modRevision >= watch.next {
      if let last = watch.held.last?.keyValue.modRevision, last != event.keyValue.modRevision {
        guard last < event.keyValue.modRevision else { return [.drop(.eventsOutOfOrder)] }
        whole += watch.held
        watch.held = []
      }
      watch.held.append(event)
    }
    if !response.isFragment {
      whole += watch.held
      watch.held = []
    }
    if let last = whole.last { watch.next = last.keyValue.modRevision.next }
    self.watches[id] = watch
    return whole.isEmpty ? [] : [.deliver(id, WatchBatch(events: whole))]
  }

  mutating func end(_ id: WatchID, _ end: WatchEnd) -> [Effect] {
    self.watches[id] = nil
    return [.end(id, end)]
  }
}
