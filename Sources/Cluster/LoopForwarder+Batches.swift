public import GRPC
internal import LarderAPI
internal import NIOCore
internal import Wire

// Batches whose keys have several owners: every owner is asked at the same time, and the client is
// answered when all have.
extension LoopForwarder {
  /// Sends the parts of `batch` that are not sent yet to their owners, and has the call served again
  /// when they have answered; `pendingBatch` is the batch then.
  public func scatter(_ batch: BatchCall, _ call: borrowing UnaryCall) {
    let deadline = self.deadline(of: call)
    batch.metadata = self.passed.of(call)
    self.lastBatch += 1
    let tag = Self.batchTags | self.lastBatch
    batch.parked(call.park(observer: self, tag: tag), tag: tag)
    self.batches[tag] = batch
    batch.epoch = self.table.epoch
    let unsent = batch.firstUnsent..<batch.parts.count
    batch.firstUnsent = batch.parts.count
    for number in unsent {
      let link = self.link(to: batch.parts[number].owner)
      batch.parts[number].ownerID = link.member.id
      let forward = Forward(
        requester: .part(batch, number), method: batch.method, link: link,
        deadline: deadline.time, isClientDeadline: deadline.isClients, isSecondTry: false)
      let tag = self.forwards.nextTag
      switch link.call(call.now, tag: tag) {
      case .use(let connection): self.send(forward, on: connection)
      case .wait:
        batch.parts[number].tag = tag
        self.forwards.insert(forward)
      case .fail(let reason, let wait):
        self.counts.count(batch.method, .unreachable)
        batch.ended(
          number,
          .failure(ForwardFailure.unreachable(link.member, reason, retryAfter: wait)))
      case .full:
        call.count(.peerCallsMax)
        self.counts.count(batch.method, .unreachable)
        batch.ended(
          number,
          .failure(
            ForwardFailure.tooManyCalls(link.member, max: self.configuration.callsMax)))
      }
    }
    // Where no part was sent at all the call goes on once it is let go of.
    guard batch.partsLeft == 0 else { return }
    self.eventLoop.assumeIsolated().execute { self.gather(batch) }
  }

  func partEnded(_ batch: BatchCall, _ number: Int, _ result: Result<[UInt8], Status>) {
    switch result {
    case .failure(let status): batch.ended(number, .failure(status))
    case .success(let bytes):
      do {
        batch.ended(number, .success(try BatchAnswer(bytes)))
      } catch {
        batch.ended(
          number,
          .failure(
            Status(
              .internal,
              "\(batch.parts[number].ownerID) has answered with no message: \(error)")))
      }
    }
    if batch.partsLeft == 0 { self.gather(batch) }
  }

  private func gather(_ batch: BatchCall) {
    guard self.batches.removeValue(forKey: batch.tag) != nil, let parked = batch.parked,
      !self.reroutes(batch, parked)
    else { return }
    parked.resume(flushing: self.flushes) { self.serve($0, batch) }
  }

  private func serve(_ call: borrowing UnaryCall, _ batch: BatchCall) {
    self.pendingBatch = batch
    self.serveAgain(call)
    self.pendingBatch = nil
  }

  /// Whether some keys of the batch are to be sent once more, by a newer table: where there is none
  /// yet, it is waited for.
  private func reroutes(_ batch: BatchCall, _ parked: ParkedCall) -> Bool {
    // A ring that never changes has no newer table.
    guard !batch.wasRerouted, self.table.epoch != .fixed else { return false }
    let isRefused = batch.findRefused()
    guard self.table.epoch == batch.epoch else {
      batch.reroute()
      parked.resume(flushing: self.flushes) { self.serve($0, batch) }
      return true
    }
    guard isRefused, self.waiters.count < self.configuration.callsMax else { return false }
    batch.reroute()
    var deadline = NIODeadline.distantFuture
    parked.look { deadline = self.deadline(of: $0).time }
    self.wait(parked, for: batch.epoch.next, by: deadline, otherwise: nil) { call in
      if self.table.epoch == batch.epoch { batch.keepOwners() }
      self.serve(call, batch)
    }
    return true
  }

  /// The client of a batch is gone.
  func abandonedBatch(_ tag: UInt64) {
    guard let batch = self.batches.removeValue(forKey: tag) else { return }
    for part in batch.parts {
      if let tag = part.tag, let forward = self.forwards.remove(tag) { self.cancel(forward) }
    }
  }
}

extension BatchCall {
  fileprivate func ended(_ number: Int, _ outcome: Result<BatchAnswer, Status>) {
    self.parts[number].outcome = outcome
    self.parts[number].tag = nil
    self.partsLeft -= 1
  }
}
