public import GRPC
internal import LarderAPI
internal import NIOCore

/// Why a node refuses a forward, in google.rpc.ErrorInfo.
public enum ForwardRefusal {
  /// The node does not own the key; `owner` and `epoch` say who does, by which epoch.
  public static let wrongOwner = "WRONG_OWNER"
  /// The two nodes were given different rings that never change.
  public static let ringsDiffer = "RINGS_DIFFER"
  /// Of two nodes, one has yet to see a change of their ring: told to clients, not to peers.
  public static let ringChanging = "RING_CHANGING"
}

/// A call that goes on once this node has a table as new as `epoch`.
struct EpochWaiter {
  let parked: ParkedCall
  let serve: (borrowing UnaryCall) -> Void
  let epoch: Epoch
  let number: Int
}

/// What a connection is to: another process under the same name is another one.
private struct LinkedProcess: Hashable {
  let id: String
  let address: String
  let incarnation: UInt64

  init(_ member: Member) {
    self.id = member.id
    self.address = member.address
    self.incarnation = member.incarnation
  }
}

// How the table changes, and who waits for that.
extension LoopForwarder {
  /// Goes by `table` from now on. Links to members that stay are kept; the others end with their calls.
  ///
  /// - Parameter arrivals: what of this node's keys is not here yet; nil: as before.
  func install(_ table: RoutingTable, _ arrivals: Arrivals? = nil) {
    let old = zip(self.table.members, self.links)
    var kept: [String: [PeerLink]] = [:]
    // A process that has started again is reached by other connections.
    let staying = Set(table.members.map { LinkedProcess($0) })
    for (member, links) in old {
      if staying.contains(LinkedProcess(member)) {
        for link in links { link.go(by: table, self.credentials) }
        kept[member.id] = links
      } else {
        for link in links { link.close() }
      }
    }
    self.table = table
    if let arrivals { self.arrivals = arrivals }
    self.links = self.makeLinks(for: table, keeping: kept)
    self.handover.calls.disband()
    self.resumeWaiters()
    self.disbandFlights()
    self.resumeUnsealed()
  }

  func makeLinks(
    for table: RoutingTable, keeping kept: [String: [PeerLink]] = [:]
  ) -> [[PeerLink]] {
    table.members.enumerated().map { index, member in
      if index == table.own { return [] }
      return kept[member.id]
        ?? (0..<self.configuration.connectionsPerLoop).map { _ in
          PeerLink(
            member: member, table: table, credentials: self.credentials,
            configuration: self.configuration,
            eventLoop: self.eventLoop, logger: self.logger,
            whenReady: { [unowned self] tags, result in self.linkReady(tags, result) },
            whenDead: { [unowned self] in self.peerDied(member) })
        }
    }
  }

  /// Shows other credentials from now on. Connections that are there stay, as those of clients do when
  /// the server's certificate is renewed.
  func install(_ credentials: PeerCredentials) {
    self.credentials = credentials
    // The heads of calls by a table that never changes are never freed: a small loss for each change
    // of the token.
    for link in self.links.joined() { link.go(by: self.table, credentials) }
  }

  /// Closes all connections to peers.
  func closeNow() {
    for links in self.links {
      for link in links { link.closeNow() }
    }
    for task in self.handover.fetches.values { task.cancel() }
  }

  // MARK: - Waiting for a newer table

  /// A peer has sent a key that this node does not own by its table. If the peer goes by a newer one,
  /// the call waits for that.
  ///
  /// - Parameter serve: serves the call from the beginning.
  /// - Returns: false: the call is not waiting, and the peer is to hear that it is wrong.
  public func waitForEpoch(
    of call: borrowing UnaryCall, serve: @escaping (borrowing UnaryCall) -> Void
  ) -> Bool {
    guard let theirs = self.newerEpoch(of: call), self.waiters.count < self.configuration.callsMax
    else { return false }
    let deadline = self.deadline(of: call).time
    self.wait(call.park(), for: theirs, by: deadline, otherwise: nil, serve: serve)
    return true
  }

  /// Whether a peer that has sent a call goes by a newer table than this node, for which the call has
  /// not waited yet.
  public func isBehind(_ call: borrowing UnaryCall) -> Bool { self.newerEpoch(of: call) != nil }

  private func newerEpoch(of call: borrowing UnaryCall) -> Epoch? {
    guard !self.isSecondTry, let text = call.metadata.first(Epoch.metadataName) else { return nil }
    let theirs = Epoch(text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    return theirs.flatMap { $0 > self.table.epoch ? $0 : nil }
  }

  /// Serves the call again when this node has a table as new as `epoch`; if none comes in time, ends
  /// it with `status`, or, without one, serves it by the table as it is.
  func wait(
    _ parked: ParkedCall, for epoch: Epoch, by deadline: NIODeadline, otherwise status: Status?,
    serve: @escaping (borrowing UnaryCall) -> Void
  ) {
    guard epoch > self.table.epoch else {
      // The table has changed while the call was on its way.
      return self.serveOnceMore(parked, serve)
    }
    self.whenBehind(epoch)
    let number = self.waiters.last.map { $0.number + 1 } ?? 0
    self.waiters.append(EpochWaiter(parked: parked, serve: serve, epoch: epoch, number: number))
    let until = min(deadline, .now() + self.configuration.epochWait)
    self.eventLoop.assumeIsolated().scheduleTask(deadline: until) {
      guard
        let index = self.waiters.firstIndex(where: {
          $0.number == number && $0.epoch == epoch
        })
      else { return }
      let waiter = self.waiters.remove(at: index)
      guard let status else {
        return self.serveOnceMore(waiter.parked, waiter.serve)
      }
      waiter.parked.resume(flushing: self.flushes) { $0.fail(status) }
    }
  }

  private func resumeWaiters() {
    let ready = self.waiters.filter { $0.epoch <= self.table.epoch }
    self.waiters.removeAll { $0.epoch <= self.table.epoch }
    for waiter in ready { self.serveOnceMore(waiter.parked, waiter.serve) }
  }
}
