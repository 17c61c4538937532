import GRPC
import LarderAPI
import NIOCore
import Node
import Wire

/// The load of one event loop: some connections, and on each the same number of slots. A slot has
/// at most one call open. Used on its event loop only.
///
/// A closed loop allocates nothing for a call: the answer arrives in `received`, which counts it
/// and starts the slot's next call in the same turn. In an open loop each timer costs what SwiftNIO
/// allocates for one; at a high rate a timer serves many calls.
///
///     closed loop   answer -> next call at once
///     open loop     answer -> slot is free;  schedule -> a free slot makes the call that is due
final class LoadWorker: UnaryReceiver {
  /// A lost connection is opened again after this time, for as long as the load lasts.
  static let reconnectMilliseconds: Int64 = 200

  /// What an answer leads to.
  enum Mode {
    /// Nothing: before the load, and after it.
    case idle
    /// The next keys are stored.
    case preload(Preload)
    /// The slot's next call.
    case closedLoop
    /// The call that is due next.
    case openLoop(OpenLoop)
  }

  /// Where preloading is.
  struct Preload {
    var next: Int
    let end: Int
    /// Keys in one SetMany.
    let batch: Int
  }

  /// Where the schedule is.
  struct OpenLoop {
    let schedule: SendSchedule
    /// Nanoseconds of the clock at which the schedule began.
    let began: Int64
    /// Calls that were made.
    var sent = 0
  }

  /// One place for a call.
  private struct Slot {
    enum State {
      /// Nothing to do for now. Can go to `free` and `open`.
      case idle
      /// Waits in `freeSlots` for a call to be due. Can go to `open` and `parked`.
      case free
      /// A call is under way. Can go to `idle`, `free` and `parked`, and to `open` again.
      case open
      /// Its connection is lost. Can go to whatever is next once that is open again.
      case parked
    }

    var state = State.idle
    /// Nanoseconds of the clock at which the call was made, or, on a schedule, was due.
    var began: Int64 = 0
    var kind = CallKind.get
    /// Entries that the call is about.
    var keys = 0
    var bytesSent = 0
  }

  private let plan: BenchPlan
  private let eventLoop: any EventLoop
  private let configuration: ClientConfiguration
  /// Index: `CallKind.rawValue`.
  private let methods: [ClientMethod]
  private let timeout: TimeAmount?

  private var connections: [ClientConnection?]
  private var isReconnecting: [Bool]
  private var slots: [Slot]
  /// A queue, so that calls go round all connections.
  private var freeSlots: SlotQueue
  private var openCalls = 0
  private var mode = Mode.idle
  private var writer: RequestWriter
  private var message = ByteBuffer()
  private var counts: LoadCounts
  private var preloadFailure: String?
  private var whenIdle: EventLoopPromise<Void>?
  private var timer: Scheduled<Void>?
  /// Several calls are being made outside a connection's turn; they are flushed together.
  private var isBatching = false

  /// - Parameters:
  ///   - worker: its number among the run's workers, from 0.
  ///   - connections: how many of the plan's are this worker's.
  ///   - tls: nil: plaintext.
  init(
    plan: BenchPlan, worker: Int, connections: Int, tls: ClientTLS?, on eventLoop: any EventLoop
  ) {
    self.plan = plan
    self.eventLoop = eventLoop
    var metadata = Metadata()
    if let token = plan.token { metadata.add(BearerToken.metadataName, bytes: token.headerValue) }
    self.methods = CallKind.allCases.map {
      ClientMethod(
        path: $0.method.path, authority: plan.target.description, metadata: metadata,
        isEncrypted: tls != nil)
    }
    self.timeout = plan.timeoutMilliseconds.map { .milliseconds($0) }
    var configuration = ClientConfiguration()
    configuration.tls = tls
    configuration.connection.messageMaxBytes = BenchPlan.requestMaxBytes
    configuration.connection.requestBufferMaxBytes = BenchPlan.requestMaxBytes * 2
    self.configuration = configuration
    self.connections = Array(repeating: nil, count: connections)
    self.isReconnecting = Array(repeating: false, count: connections)
    self.slots = Array(repeating: Slot(), count: connections * plan.streams)
    self.freeSlots = SlotQueue(capacity: connections * plan.streams)
    self.writer = RequestWriter(plan: plan, worker: worker)
    self.counts = LoadCounts(kinds: plan.mix.kinds)
  }

  // MARK: - The run, in its order

  /// Opens all connections; fails with the `Status` of the first that cannot be opened.
  func connect() -> EventLoopFuture<Void> {
    let connecting = self.connections.indices.map { self.open($0) }
    return EventLoopFuture.andAllSucceed(connecting, on: self.eventLoop)
  }

  /// Stores the keys of a range, whole. Ends early where an item fails; `preloadFailure` says why.
  func preload(_ keys: Range<Int>, batch: Int) -> EventLoopFuture<String?> {
    let ended = self.eventLoop.makePromise(of: Void.self)
    self.whenIdle = ended
    self.mode = .preload(Preload(next: keys.lowerBound, end: keys.upperBound, batch: batch))
    self.startAll()
    self.checkIdle()
    return ended.futureResult.assumeIsolated().map { self.preloadFailure }.nonisolated()
  }

  /// Keys whose preloading has begun.
  var preloaded: Int {
    guard case .preload(let preload) = self.mode else { return 0 }
    return preload.next
  }

  /// Starts the load.
  func begin(schedule: SendSchedule?) {
    if let schedule {
      self.mode = .openLoop(OpenLoop(schedule: schedule, began: Self.clock()))
    } else {
      self.mode = .closedLoop
    }
    self.startAll()
  }

  /// What was counted since the last time, and the calls that should have been made and were not.
  func take() -> (counts: LoadCounts, backlog: Int) {
    let taken = self.counts
    self.counts = LoadCounts(kinds: self.plan.mix.kinds)
    guard case .openLoop(let openLoop) = self.mode else { return (taken, 0) }
    // A call that became due just now is no sign of anything.
    let late = Self.clock() - openLoop.began - LoadCounts.lateMilliseconds * 1_000_000
    return (taken, max(0, openLoop.schedule.dueCount(at: late) - openLoop.sent))
  }

  /// Makes no more calls; succeeds once those under way have ended.
  func stop() -> EventLoopFuture<Void> {
    self.mode = .idle
    self.timer?.cancel()
    self.timer = nil
    // Preloading that is cut short has somebody waiting for its end.
    let ended = self.whenIdle ?? self.eventLoop.makePromise(of: Void.self)
    self.whenIdle = ended
    self.checkIdle()
    return ended.futureResult
  }

  /// Closes the connections; calls under way fail.
  ///
  /// - Returns: how many calls were still under way.
  func close() -> Int {
    self.mode = .idle
    let unanswered = self.openCalls
    for connection in self.connections { connection?.close() }
    return unanswered
  }

  // MARK: - Calls

  func received(_ response: borrowing UnaryResponse, tag: UInt64) {
    let now = Self.clock()
    let slot = Int(tag)
    self.openCalls -= 1
    self.slots[slot].state = .idle
    if case .preload = self.mode {
      self.checkPreloaded(response)
    } else {
      self.count(response, self.slots[slot], now: now)
    }
    self.next(slot, now: now)
    self.checkIdle()
  }

  private func count(_ response: borrowing UnaryResponse, _ slot: Slot, now: Int64) {
    let code = response.status.code.rawValue
    guard response.isOK else {
      self.counts.codes[code] += 1
      if self.counts.messages[code] == nil {
        self.counts.messages[code] = CommandFailure(response.status).message
      }
      return
    }
    let failure = self.counts.kinds[slot.kind.rawValue]?.read(
      slot.kind, keys: slot.keys, bytesSent: slot.bytesSent, answer: response.message)
    if let failure {
      self.counts.codes[StatusCode.internal.rawValue] += 1
      self.counts.messages[StatusCode.internal.rawValue] = failure
      return
    }
    self.counts.kinds[slot.kind.rawValue]?.ended(
      latencyNanoseconds: UInt64(max(0, now - slot.began)))
    self.counts.codes[code] += 1
  }

  private func checkPreloaded(_ response: borrowing UnaryResponse) {
    var failure: String?
    if response.isOK {
      do {
        failure = try AnswerReader.firstFailure(inSetMany: response.message)
      } catch {
        failure = "the node's answer is not the message of this call: \(error)"
      }
    } else {
      failure = CommandFailure(response.status).message
    }
    guard let failure else { return }
    self.preloadFailure = self.preloadFailure ?? failure
    self.mode = .idle
  }

  /// Gives a slot that has no call what the mode has for it.
  private func next(_ slot: Int, now: Int64) {
    switch self.mode {
    case .idle: break
    case .preload(var preload):
      guard preload.next < preload.end else { return }
      let keys = preload.next..<min(preload.end, preload.next + preload.batch)
      self.writer.writePreload(keys, into: &self.message)
      guard self.call(.setMany, keys: keys.count, in: slot, since: now) else { return }
      preload.next = keys.upperBound
      self.mode = .preload(preload)
    case .closedLoop:
      self.makeCall(in: slot, since: now)
    case .openLoop:
      self.slots[slot].state = .free
      self.freeSlots.append(slot)
      self.sendDue(now: now)
    }
  }

  @discardableResult
  private func makeCall(in slot: Int, since began: Int64) -> Bool {
    let kind = self.writer.nextKind()
    let keys = self.writer.write(kind, into: &self.message)
    return self.call(kind, keys: keys, in: slot, since: began)
  }

  /// Makes the call whose message is in the buffer; parks the slot if its connection takes none.
  private func call(_ kind: CallKind, keys: Int, in slot: Int, since began: Int64) -> Bool {
    let index = slot / self.plan.streams
    let message = self.message
    guard let connection = self.connections[index],
      connection.call(
        self.methods[kind.rawValue], timeout: self.timeout, size: message.readableBytes,
        { output in output.append(bytes: message.readableBytesSpan) }, to: self,
        tag: UInt64(slot)) != nil
    else {
      self.slots[slot].state = .parked
      self.reconnect(index)
      return false
    }
    self.openCalls += 1
    self.slots[slot] = Slot(
      state: .open, began: began, kind: kind, keys: keys, bytesSent: message.readableBytes)
    // Within the connection's own turn, where a closed loop always is, this waits for its end.
    if !self.isBatching { connection.flush() }
    return true
  }

  private func startAll() {
    let now = Self.clock()
    self.batch {
      for slot in self.slots.indices where self.slots[slot].state == .idle {
        self.next(slot, now: now)
      }
    }
  }

  private func batch(_ body: () -> Void) {
    self.isBatching = true
    body()
    self.isBatching = false
    for connection in self.connections { connection?.flush() }
  }

  private func checkIdle() {
    guard self.openCalls == 0, let ended = self.whenIdle else { return }
    if case .preload(let preload) = self.mode, preload.next < preload.end { return }
    self.whenIdle = nil
    ended.succeed()
  }

  // MARK: - Open loop

  /// Makes the calls that are due, as far as there are free slots, and sees to the next one.
  private func sendDue(now: Int64) {
    guard case .openLoop(var openLoop) = self.mode else { return }
    while let slot = self.freeSlots.first {
      let due = openLoop.began + openLoop.schedule.due(openLoop.sent)
      guard due <= now else {
        self.wake(at: due)
        break
      }
      self.freeSlots.removeFirst()
      guard self.makeCall(in: slot, since: due) else { continue }
      openLoop.sent += 1
      if now - due > LoadCounts.lateMilliseconds * 1_000_000 { self.counts.late += 1 }
    }
    self.mode = .openLoop(openLoop)
  }

  private func wake(at nanoseconds: Int64) {
    guard self.timer == nil else { return }
    let deadline = NIODeadline.uptimeNanoseconds(UInt64(nanoseconds))
    self.timer = self.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.timer = nil
      self.batch { self.sendDue(now: Self.clock()) }
    }
  }

  // MARK: - Connections

  private func open(_ index: Int) -> EventLoopFuture<Void> {
    ClientConnection.connect(
      host: self.plan.target.host, port: self.plan.target.port, on: self.eventLoop,
      configuration: self.configuration
    ).assumeIsolated().map { connection in
      self.connections[index] = connection.value
    }.nonisolated()
  }

  private func reconnect(_ index: Int) {
    guard !self.isReconnecting[index] else { return }
    self.isReconnecting[index] = true
    self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.reconnectMilliseconds)) {
      if case .idle = self.mode { return }
      self.open(index).assumeIsolated().whenComplete { result in
        self.isReconnecting[index] = false
        switch result {
        case .success: self.resume(index)
        // The calls that failed were counted; that the node is still away adds nothing to that.
        case .failure: self.reconnect(index)
        }
      }
    }
  }

  private func resume(_ index: Int) {
    self.counts.reconnects += 1
    let now = Self.clock()
    let first = index * self.plan.streams
    self.batch {
      for slot in first..<first + self.plan.streams where self.slots[slot].state == .parked {
        self.slots[slot].state = .idle
        self.next(slot, now: now)
      }
    }
  }

  private static func clock() -> Int64 {
    // Nanoseconds since the machine started: 2^63 of them are 292 years.
    Int64(NIODeadline.now().uptimeNanoseconds)
  }
}
