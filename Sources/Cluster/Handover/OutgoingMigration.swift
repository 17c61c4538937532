internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import NIOCore
internal import Synchronization
internal import Wire

/// One stream of `MigrationService`, which one task serves that listens to the heir, and one that sends.
final class OutgoingMigration: Sendable {
  private struct State {
    var stream: MigrationStream
    /// Nil: the heir has not said yet what it wants.
    var begun: Begun?
    var isSuperseded = false
    /// Keys and values in all that is to be sent; nil: not counted yet.
    var totalBytes: Int?
  }

  /// What the heir wants.
  struct Begun: Sendable {
    let key: MigrationLedger.Key
    let track: MigrationTrack
    /// Where to go on; nil: from the beginning.
    let point: MigrationLedger.Point?
  }

  /// Entries that say enough of how large all of them are: within some percent.
  private static let countedMax = 4_096

  let service: MigrationService
  /// Woken when there may be something else to do.
  let wakeup = Wakeup()
  private let state: Mutex<State>

  init(_ service: MigrationService) {
    self.service = service
    self.state = Mutex(State(stream: MigrationStream(window: service.limits.window)))
  }

  /// The stream is over, one way or the other.
  func close() {
    guard let begun = self.state.withLock({ $0.begun }) else { return }
    begun.track.end()
    self.service.ledger.rests(begun.key, of: ObjectIdentifier(self))
  }

  // MARK: - Listening

  /// Heeds what the heir says until it says no more.
  func listen(to call: StreamingCall) async throws {
    for try await message in call.messages {
      let request: MigrateRequest
      do throws(WireError) {
        request = try MigrateRequest(decoding: message.readableBytesSpan)
      } catch {
        throw Status.malformed("the message is malformed protobuf: \(error)")
      }
      do {
        try self.heed(request)
      } catch let error as MigrationStream.Fault {
        throw Status.malformed("\(error)")
      } catch let error as HandoverMessageFault {
        throw Status.malformed("the message \(error.what)")
      }
      self.wakeup.wake()
    }
    do {
      try self.state.withLock { state throws(MigrationStream.Fault) in try state.stream.heirLeft() }
    } catch {
      throw Status(.cancelled, "the heir has left before it had everything")
    }
  }

  private func heed(_ request: MigrateRequest) throws {
    switch request {
    // What a newer node says, and this one does not know, it can do without.
    case .unset: return
    case .start(let start): try self.begin(start)
    case .acknowledged(let number):
      let begun = try self.state.withLock { state in
        try state.stream.acknowledge(number)
        return state.begun
      }
      guard let begun else { return }
      self.service.source.heard(from: begun.key.heir)
      self.service.ledger.acknowledged(number, begun.key, of: ObjectIdentifier(self))
    }
  }

  private func begin(_ start: MigrateStart) throws {
    let heir = try MemberProcess(start.heir, "heir")
    let wanted = try ArcSet(pairs: start.ranges)
    self.service.source.heard(from: heir)
    let arcs = self.service.source.sealed(wanted, for: heir)
    // What the node owns again by a ring that the heir has yet to see is not the heir's any more.
    guard !arcs.isEmpty, arcs == wanted else { throw Status.notSealed }
    try self.state.withLock { try $0.stream.start(after: start.after) }
    let key = MigrationLedger.Key(heir: heir, arcs: arcs)
    let begun = self.service.enter(
      key, after: start.after, ObjectIdentifier(self), wakeup: self.wakeup
    ) { [weak self] in self?.supersede() }
    self.state.withLock { $0.begun = begun }
  }

  private func supersede() {
    self.state.withLock { $0.isSuperseded = true }
    self.wakeup.wake()
  }

  // MARK: - For those who send

  /// Waits for the heir to say what it wants.
  func started() async throws(Status) -> Begun {
    let end = ContinuousClock.now + self.service.limits.startTimeout
    while ContinuousClock.now < end {
      if let begun = self.state.withLock({ $0.begun }) { return begun }
      await self.wakeup.wait(atMost: ContinuousClock.now.duration(to: end))
      if Task.isCancelled { throw Status(.cancelled, "the heir has left") }
    }
    throw Status(.deadlineExceeded, "the heir has not said what it wants")
  }

  /// What is to be done now, as operators and the heir would have it.
  func step(_ begun: Begun) throws -> MigrationStream.Step {
    try Task.checkCancellation()
    let order = begun.track.order
    return try self.state.withLock { state in
      if state.isSuperseded {
        throw Status(
          .aborted, "the heir has begun the same migration anew",
          info: .init(reason: HandoverReason.superseded))
      }
      if order == .cancel {
        throw Status(
          .aborted, "an operator has cancelled the migration",
          info: .init(reason: HandoverReason.cancelled))
      }
      state.stream.setPaused(order == .pause)
      return state.stream.step
    }
  }

  /// A batch is about to be sent. Before it is: its acknowledgement may come at once.
  func sends(isLast: Bool) { self.state.withLock { $0.stream.sent(isLast: isLast) } }

  /// How far it is, in thousandths.
  func donePermille(_ scan: MigrationScan) -> Int {
    guard !scan.isAtEnd else { return 1_000 }
    let total = self.state.withLock { $0.totalBytes }
    let share = total.map { Double(scan.contentBytes) / Double(max(1, $0)) } ?? scan.progress
    return min(999, Int(share * 1_000))
  }

  /// Estimates what there is to send from a part of it, so that it can be said how far the stream is.
  func measure(_ arcs: ArcSet) async throws {
    var usage = ArcUsage()
    while !usage.isComplete, usage.entries < Self.countedMax {
      usage = self.service.store.usage(of: arcs, after: usage, now: self.service.time())
      await Task.yield()
      try Task.checkCancellation()
    }
    let bytes = self.service.store.estimatedBytes(usage)
    self.state.withLock { $0.totalBytes = bytes }
  }
}
