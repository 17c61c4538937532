internal import GRPC
internal import HTTP2
internal import LarderAPI
internal import NIOCore
internal import Wire

// Reads of one key that share a call to its owner; `ReadFlights` says which.
extension LoopForwarder {
  /// Whether a read waits for the return of another one that asks the very same, or was refused since
  /// too many do. If not, it calls the owner by itself.
  func joins(_ call: borrowing UnaryCall, _ hash: UInt64, _ link: PeerLink) -> Bool {
    guard self.flights.count > 0 else { return false }
    let tag = self.forwards.nextTag
    switch self.flights.read(hash, by: tag, isSame: { self.asksTheSame($0, as: call) }) {
    case .alone: return false
    case .full:
      self.refuse(call, .get, link)
      return true
    case .wait(let flight):
      let deadline = self.deadline(of: call)
      self.forwards.insert(
        Forward(
          requester: .call(call.park(observer: self, tag: tag)), method: .get, link: link,
          deadline: deadline.time, isClientDeadline: deadline.isClients, flight: flight,
          isSecondTry: self.isSecondTry))
      return true
    }
  }

  /// By the bytes of the messages: two that differ and mean the same are two flights.
  private func asksTheSame(_ reader: UInt64, as call: borrowing UnaryCall) -> Bool {
    guard case .call(let parked)? = self.forwards[reader]?.requester else { return false }
    var isSame = false
    parked.look { isSame = $0.message.equals(call.message) }
    return isSame
  }

  /// A reader has given up.
  func leave(_ flight: ReadFlights.ID, _ reader: Forward, _ tag: UInt64) {
    guard case .cancel(let call) = self.flights.leave(flight, tag) else { return }
    let forward = call == tag ? reader : self.forwards.remove(call)
    if let forward { self.cancel(forward) }
    self.landed(flight, reader.link)
  }

  /// Answers the readers of a flight that has come back with `answer`.
  func tellReaders(of flight: ReadFlights.ID, _ answer: (borrowing UnaryCall) -> Void) {
    for tag in self.flights.readers(of: flight) {
      guard case .call(let parked)? = self.forwards.remove(tag)?.requester else { continue }
      parked.resume(flushing: self.flushes) { answer($0) }
    }
  }

  /// Calls `body` with the call of one reader of a flight: they all ask the same.
  ///
  /// - Returns: false where none of them waits any more, of which they are about to tell.
  func look(at flight: ReadFlights.ID, _ body: (borrowing UnaryCall) -> Void) -> Bool {
    for tag in self.flights.readers(of: flight) {
      guard case .call(let parked)? = self.forwards[tag]?.requester, parked.isWaiting else {
        continue
      }
      parked.look { body($0) }
      return true
    }
    return false
  }

  /// A forward has ended, and those who wanted its answer were told.
  func landed(_ forward: Forward) {
    if let flight = forward.flight { self.landed(flight, forward.link) }
  }

  /// Calls the owner for those who have waited for this flight to come back.
  private func landed(_ flight: ReadFlights.ID, _ link: PeerLink) {
    guard self.flights.landed(flight) else { return }
    let readers = self.flights.readers(of: flight).compactMap { self.forwards[$0] }
    // Each reader's own deadline holds all the same: its server sees to that.
    guard let last = readers.max(by: { $0.deadline < $1.deadline }) else {
      preconditionFailure("readers that leave are taken off their flight")
    }
    let forward = Forward(
      requester: .readers(flight), method: .get, link: link, deadline: last.deadline,
      isClientDeadline: last.isClientDeadline, flight: flight, isSecondTry: false)
    let tag = self.forwards.nextTag
    switch link.call(.now(), tag: tag) {
    case .use(let connection): self.send(forward, on: connection)
    case .wait:
      self.flights.called(flight, as: tag)
      self.forwards.insert(forward)
    case .fail(let reason, let wait): self.failUnsent(forward, reason, retryAfter: wait)
    case .full:
      self.counts.count(.get, .unreachable)
      self.tellReaders(of: flight) { call in
        call.count(.peerCallsMax)
        call.fail(ForwardFailure.tooManyCalls(link.member, max: self.configuration.callsMax))
      }
      self.landed(forward)
    }
  }

  /// The table has changed: those who have waited for flights by the old one are served by the new.
  func disbandFlights() {
    for tag in self.flights.disband() {
      guard case .call(let parked)? = self.forwards.remove(tag)?.requester else { continue }
      self.serveOnceMore(parked, self.serveAgain)
    }
  }
}
