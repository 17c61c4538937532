public import GRPC
internal import LarderAPI
internal import NIOCore
internal import Wire

// How forwards end: with the owner's answer, with an error, or with nobody left who wants to know.
extension LoopForwarder: UnaryReceiver, ParkedCallObserver {
  public func received(_ response: borrowing UnaryResponse, tag: UInt64) {
    if tag & Self.readCallTags != 0 { return self.receivedReads(response, tag) }
    guard let forward = self.forwards.remove(tag) else { return }
    guard response.isOK else { return self.failed(forward, response) }
    self.counts.count(forward.method, .ok)
    switch forward.requester {
    case .call(let parked):
      parked.resume(flushing: self.flushes) { call in
        call.reply(size: response.message.byteCount) { $0.append(bytes: response.message) }
      }
    case .part(let batch, let number):
      self.partEnded(batch, number, .success(response.message.withUnsafeBytes { Array($0) }))
    case .readers(let flight):
      self.tellReaders(of: flight) { call in
        call.reply(size: response.message.byteCount) { $0.append(bytes: response.message) }
      }
    }
    self.landed(forward)
  }

  public func abandoned(tag: UInt64) {
    if tag & LoopHandover.tags == LoopHandover.tags { return self.abandonedArrival(tag) }
    guard let forward = self.forwards.remove(tag) else { return self.abandonedBatch(tag) }
    guard let flight = forward.flight else { return self.cancel(forward) }
    self.leave(flight, forward, tag)
  }

  /// Tells the owner that nobody waits any more.
  func cancel(_ forward: Forward) {
    self.counts.count(forward.method, .cancelled)
    guard let sent = forward.sent else { return }
    forward.link.unanswered(since: sent.at, on: sent.connection)
    guard self.isLastReader(forward) else { return }
    // The answer of one that is not cancelled there is dropped here.
    guard self.cancels.take(.now()) else { return }
    sent.connection.cancel(sent.id)
    self.flushes.add(sent.connection)
  }

  func failed(_ forward: Forward, _ response: borrowing UnaryResponse) {
    let (status, owner) = (response.status, forward.link.member)
    if response.wasNotExecuted { return self.notExecuted(forward, status) }
    if !response.isAnswered, status.code == .deadlineExceeded, let sent = forward.sent {
      forward.link.unanswered(since: sent.at, on: sent.connection)
    }
    guard response.isAnswered || status.code == .deadlineExceeded else {
      self.counts.count(forward.method, .unknown)
      return self.answer(forward, ForwardFailure.unknown(owner, forward.method, status))
    }
    switch status.code {
    case .failedPrecondition where status.info?.reason == ForwardRefusal.wrongOwner:
      self.wrongOwner(forward, status)
    case .failedPrecondition where status.info?.reason == ForwardRefusal.ringsDiffer:
      self.counts.count(forward.method, .wrongOwner)
      self.answer(forward, status)
    case .deadlineExceeded where forward.isClientDeadline:
      self.counts.count(forward.method, .deadline)
      self.answer(forward, ForwardFailure.tooLate(owner))
    case .deadlineExceeded:
      self.counts.count(forward.method, .unknown)
      let reason = Status(
        .unavailable,
        "it was silent for \(self.configuration.forwardTimeout.nanoseconds / 1_000_000) ms"
          + " (forward-timeout)")
      self.answer(forward, ForwardFailure.unknown(owner, forward.method, reason))
    case .unauthenticated, .permissionDenied, .unimplemented:
      self.counts.count(forward.method, .refused)
      forward.link.refuses(status)
      self.answer(forward, ForwardFailure.refused(owner, status))
    default:
      self.counts.count(forward.method, .error)
      self.answer(forward, status)
    }
  }

  /// The owner has surely done nothing: the message may be sent once more, whatever it asks for.
  private func notExecuted(_ forward: Forward, _ status: Status) {
    guard !forward.isSecondTry, forward.isWanted else { return self.failUnsent(forward, status) }
    var forward = forward
    forward.isSecondTry = true
    self.sendAgain(forward) { self.failUnsent($0, status) }
  }

  /// Sends a forward that is not under way by itself.
  func sendAgain(_ forward: Forward, full: (Forward) -> Void) {
    // Nobody may be left under a tag that the link is given.
    guard forward.isWanted else { return self.gone(forward) }
    var forward = forward
    forward.sent = nil
    forward.readCall = nil
    let tag = self.forwards.nextTag
    switch forward.link.call(.now(), tag: tag) {
    case .use(let connection): self.send(forward, on: connection)
    case .wait: self.keepWaiting(forward, tag)
    case .fail(let reason, let wait): self.failUnsent(forward, reason, retryAfter: wait)
    case .full: full(forward)
    }
  }

  /// Keeps a forward that waits for its connection under another tag than before.
  private func keepWaiting(_ forward: Forward, _ tag: UInt64) {
    switch forward.requester {
    case .call(let parked):
      var again: ParkedCall?
      parked.resume(flushing: self.flushes) { again = $0.park(observer: self, tag: tag) }
      guard let again else { return self.gone(forward) }
      if let flight = forward.flight { self.flights.renamed(flight, tag) }
      self.forwards.insert(forward.with(.call(again)))
    case .readers(let flight):
      self.flights.called(flight, as: tag)
      self.forwards.insert(forward)
    case .part(let batch, let number):
      batch.parts[number].tag = tag
      self.forwards.insert(forward)
    }
  }

  /// The owner does not take itself for it. Where it has a newer table, so will this node soon, or has it
  /// got since it sent the call, and serves the call by that; once.
  private func wrongOwner(_ forward: Forward, _ status: Status) {
    self.counts.count(forward.method, .wrongOwner)
    let theirs = status.info?.metadata["epoch"].flatMap { Epoch($0) } ?? self.table.epoch
    let differ = ForwardFailure.ringsDiffer(forward.link.member, epoch: self.table.epoch, status)
    // A table that is as new as theirs by now serves the call at once.
    guard !forward.isSecondTry, self.table.epoch != .fixed else {
      return self.answer(forward, differ)
    }
    switch forward.requester {
    case .part: return self.answer(forward, differ)
    case .call: self.wait(forward, for: theirs, otherwise: differ)
    case .readers(let flight):
      for tag in self.flights.readers(of: flight) {
        guard let reader = self.forwards.remove(tag) else { continue }
        self.wait(reader, for: theirs, otherwise: differ)
      }
    }
    self.landed(forward)
  }

  /// Has a call that was parked wait for a newer table, unless it has done so before.
  private func wait(_ forward: Forward, for epoch: Epoch, otherwise differ: Status) {
    guard case .call(let parked) = forward.requester, parked.isWaiting else { return }
    guard !forward.isSecondTry else {
      return parked.resume(flushing: self.flushes) { $0.fail(differ) }
    }
    self.wait(
      parked, for: epoch, by: forward.deadline, otherwise: differ, serve: self.serveAgain)
  }
}
