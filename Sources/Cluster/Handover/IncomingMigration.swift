internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import NIOCore
internal import Synchronization
internal import Wire

/// One stream of entries that comes in, which one task reads, one acknowledges, and one watches.
///
/// While operators have it rest, what is under way still goes into the store; it is acknowledged later,
/// and the peer sends no more than its window meanwhile. So signs of life are always read.
final class IncomingMigration: Sendable {
  private struct State {
    /// The last batch that is in the store.
    var applied: UInt64
    /// It was the last of all.
    var isComplete = false
    /// Nil while it is this node that works.
    var waitsSince: ContinuousClock.Instant?
  }

  let track: MigrationTrack
  private let peer: String
  private let origin: MigrationBatch.Origin
  private let state: Mutex<State>

  init(
    _ arcs: ArcSet, from member: Member, after: UInt64, skewMaxMilliseconds: UInt64,
    in register: MigrationRegister
  ) {
    self.peer = member.id
    self.track = register.begin(.inbound, MemberProcess(member), arcs, wakeup: Wakeup())
    self.origin = MigrationBatch.Origin(
      peer: member.id, arcs: arcs, skewMaxMilliseconds: skewMaxMilliseconds, register: register)
    self.state = Mutex(State(applied: after, waitsSince: .now))
  }

  /// The last batch that is in the store.
  var applied: UInt64 { self.state.withLock { $0.applied } }

  /// Ends only by throwing: when nothing came for too long, or the task is cancelled.
  func watch(_ silenceMax: Duration) async throws {
    while true {
      let waitsSince = self.state.withLock { $0.waitsSince }
      let left = waitsSince.map { silenceMax - $0.duration(to: .now) } ?? silenceMax
      guard left > .zero else {
        throw Status(.deadlineExceeded, "\(self.peer) gives no sign of life")
      }
      try await Task.sleep(for: left)
    }
  }

  /// Tells the peer what is in the store, as long as operators want more; returns after the last batch.
  func acknowledge(to call: ClientStreamingCall) async throws {
    var told = self.applied
    while true {
      let order = self.track.order
      if order == .cancel { throw HandoverFailure.cancelled }
      let (applied, isComplete) = self.state.withLock { ($0.applied, $0.isComplete) }
      if applied > told, order == .go || isComplete {
        let message = MigrateRequest.acknowledged(applied).serialized()
        try await call.send(ByteBuffer(bytes: message), mayCompress: false)
        told = applied
      }
      if isComplete { return await call.finishSending() }
      if self.applied == told || order == .pause { await self.track.wakeup.wait() }
      try Task.checkCancellation()
    }
  }

  /// Returns when the last batch is in the store, and the peer has ended the stream.
  func receive(
    from call: ClientStreamingCall, _ apply: @Sendable (MigrationBatch) async throws -> Void
  ) async throws {
    do {
      for try await message in call.messages {
        self.state.withLock { $0.waitsSince = nil }
        if let batch = try MigrationBatch(message, self.origin) {
          try await self.take(batch, apply)
          self.track.wakeup.wake()
        }
        self.state.withLock { $0.waitsSince = .now }
      }
    } catch {
      // Everything is here: whether the peer knows it, is its own affair.
      guard self.state.withLock({ $0.isComplete }), error is Status else { throw error }
      return
    }
    guard self.state.withLock({ $0.isComplete }) else {
      throw Status(.unavailable, "\(self.peer) has ended the stream before its last batch")
    }
  }

  private func take(
    _ batch: MigrationBatch, _ apply: @Sendable (MigrationBatch) async throws -> Void
  ) async throws {
    let (applied, isComplete) = self.state.withLock { ($0.applied, $0.isComplete) }
    guard !isComplete, batch.number == applied + 1 else {
      throw HandoverFailure.fault(
        "\(self.peer) has sent batch \(batch.number) behind batch \(applied)")
    }
    do {
      try await apply(batch)
    } catch let failure as HandoverFailure {
      throw failure
    } catch {
      throw HandoverFailure.notApplied("\(error)")
    }
    self.state.withLock { state in
      state.applied = batch.number
      state.isComplete = batch.isLast
    }
    self.track.moved(
      bytes: batch.byteCount, items: batch.itemCount, donePermille: batch.donePermille)
  }
}
