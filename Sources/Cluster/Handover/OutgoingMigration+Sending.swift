internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import NIOCore
internal import Wire

// How a migration is sent: a batch at a time, each put together when it may be sent and not before, so
// that no more is in memory than one batch, and what the connection has yet to take of the one before.
// All of it runs on the register's executor, a piece of work at a time.
extension OutgoingMigration {
  /// A batch has no less, however low the rate is.
  private static let batchMinBytes = 4 << 10

  /// Sends batches until the heir has acknowledged the last.
  func send(to call: StreamingCall) async throws {
    let begun = try await self.started()
    // Ends with the sending, if not before.
    async let _: Void = self.measure(begun.key.arcs)
    try await self.send(begun, to: call)
    self.service.ledger.end(begun.key, of: ObjectIdentifier(self))
  }

  private func send(_ begun: Begun, to call: StreamingCall) async throws {
    let place = begun.point.map(\.place) ?? self.service.store.beginScan()
    var scan = MigrationScan(
      self.service.store, begun.key.arcs, from: place,
      contentBytes: begun.point?.contentBytes ?? 0)
    let signInterval = self.service.limits.signInterval
    var lastSent = ContinuousClock.now
    while true {
      var pause = signInterval
      let step = try self.step(begun)
      // Who waits for this node, or for an operator, is not silent.
      if step != .wait { self.service.source.heard(from: begun.key.heir) }
      switch step {
      case .end: return
      case .wait, .rest: break
      case .send(let number):
        let bytes = self.batchBytes
        if let delay = self.service.register.take(bytes) {
          pause = min(pause, delay)
          break
        }
        try await self.send(number, maxBytes: bytes, &scan, begun, &lastSent, to: call)
        continue
      }
      await self.wakeup.wait(atMost: pause)
      _ = try await self.giveSign(scan, &lastSent, to: call)
    }
  }

  /// So that the heir does not give up, if it has heard nothing for a while.
  ///
  /// - Returns: whether it had not.
  private func giveSign(
    _ scan: MigrationScan, _ lastSent: inout ContinuousClock.Instant, to call: StreamingCall
  ) async throws -> Bool {
    guard lastSent.duration(to: .now) >= self.service.limits.signInterval else { return false }
    var sign = MigrateBatchEnd()
    sign.donePermille = UInt32(self.donePermille(scan))
    try await call.send(ByteBuffer(bytes: sign.serialized()), mayCompress: false)
    lastSent = .now
    return true
  }

  /// What the next batch may have.
  private var batchBytes: Int {
    let most = self.service.limits.batchMaxBytes
    guard let unhurried = self.service.register.batchBytes else { return most }
    return min(most, max(Self.batchMinBytes, unhurried))
  }

  /// - Parameter maxBytes: what was taken from the throttle.
  private func send(
    _ number: UInt64, maxBytes: Int, _ scan: inout MigrationScan, _ begun: Begun,
    _ lastSent: inout ContinuousClock.Instant, to call: StreamingCall
  ) async throws {
    var batch = OutgoingBatch(number: number, maxBytes: maxBytes)
    while !scan.fill(&batch, now: self.service.time()), !scan.isAtEnd {
      scan.step(now: self.service.time())
      await Task.yield()
      try Task.checkCancellation()
      // It may be long until there is something for the heir, which is not silent for that.
      if try await self.giveSign(scan, &lastSent, to: call) {
        self.service.source.heard(from: begun.key.heir)
      }
    }
    var end = MigrateBatchEnd()
    end.isLast = scan.isAtEnd
    end.donePermille = UInt32(self.donePermille(scan))
    if end.isLast {
      end.floors = self.service.store.floors(in: begun.key.arcs).map {
        LarderAPI.Floor(cell: UInt32($0.cell), version: $0.version.rawValue)
      }
    }
    let items = batch.items
    let message = batch.finish(end)
    await Task.yield()
    // Meanwhile the node may have got them back, and what it has changed since is not the heir's.
    guard self.service.source.sealed(begun.key.arcs, for: begun.key.heir) == begun.key.arcs else {
      throw Status.notSealed
    }
    self.service.register.giveBack(maxBytes - message.readableBytes)
    self.service.ledger.note(
      number, MigrationLedger.Point(place: scan.place, contentBytes: scan.contentBytes), begun.key,
      of: ObjectIdentifier(self))
    self.sends(isLast: end.isLast)
    let size = message.readableBytes
    try await call.send(message, mayCompress: false)
    lastSent = .now
    begun.track.moved(bytes: size, items: items, donePermille: Int(end.donePermille))
  }
}
