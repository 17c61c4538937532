internal import CacheStore
internal import Cluster
internal import Logging
internal import Synchronization

// How a node leaves: because it stops, or because an operator wants it empty.
extension MemberNode {
  /// Where the node stands with handing over what it holds; nil: nobody has told it to.
  var drainProgress: DrainProgress? { self.draining.withLock { $0?.progress } }

  /// Has the node leave the ring, and others get what it holds. The node runs on, and passes on what it is
  /// asked. Returns at once; where that is under way already, or done, nothing new begins.
  ///
  /// - Parameter timeout: for others to get it; nil: as long as a node waits that stops.
  func drain(timeout: Duration?) throws(ClusterError) -> DrainProgress {
    guard let membership = self.membership, let view = membership.view else { throw .notAMember }
    if let progress = self.drainProgress, !progress.isOver { return progress }
    guard view.standing == .leased else { throw .noLease }
    let id = membership.member.id
    guard view.members.contains(where: { $0.isOnRing && $0.id != id }) else {
      throw .lastNode(id)
    }
    let progress = self.draining.withLock { draining -> DrainProgress? in
      // Somebody else may have been faster.
      if let draining, !draining.progress.isOver { return draining.progress }
      draining = Draining(task: Task { await self.leave(membership, handoverTimeout: timeout) })
      return nil
    }
    if let progress { return progress }
    self.logger.notice("an operator has this node hand all over and leave the ring")
    self.tellOfDrain()
    return DrainProgress()
  }

  /// Has the others take this node off their rings, waits until they have, as nobody forwards calls to it
  /// then, and until they have what it held. Where etcd is away the others cannot take over.
  func leave() async {
    guard let membership = self.membership else { return }
    let earlier = self.draining.withLock { $0 }
    if earlier?.progress.state == .drained { return }
    // An operator may have given it more time than a node has that stops.
    earlier?.task?.cancel()
    await earlier?.task?.value
    guard membership.view?.standing == .leased else {
      if self.store.statistics().total.entries == 0 { return }
      return self.sayNobodyTakesOver("it has no lease")
    }
    self.draining.withLock { $0 = Draining(task: nil) }
    await self.leave(membership, handoverTimeout: nil)
  }

  private func leave(_ membership: Membership, handoverTimeout: Duration?) async {
    let limits = self.configuration.limits
    let end = ContinuousClock.now + .milliseconds(limits.leaveTimeoutMilliseconds)
    await membership.leave(timeout: .milliseconds(limits.leaveTimeoutMilliseconds))
    if Task.isCancelled { return }
    guard let view = membership.view, !self.isOnRing(of: view, membership) else {
      self.note { $0.left(false) }
      // Where there is time left the registration is over, as whoever has ended it says.
      guard ContinuousClock.now >= end else { return }
      return self.sayNobodyTakesOver("leave-timeout passed")
    }
    // Some that are slow to hear of it do not keep the others from what they are to get.
    let doAllKnow = await self.waitForOthers(view, membership, until: end)
    if Task.isCancelled { return }
    self.note { $0.left(true) }
    self.logger.info(
      "left the cluster's ring", metadata: doAllKnow ? nil : ["unknown-to-some": "leave-timeout"])
    await self.handOver(timeout: handoverTimeout)
  }

  private func isOnRing(of view: ClusterView, _ membership: Membership) -> Bool {
    view.members.contains { $0.id == membership.member.id && $0.isOnRing }
  }

  /// - Returns: whether all others that answer go by the view, or a newer one.
  private func waitForOthers(
    _ view: ClusterView, _ membership: Membership, until end: ContinuousClock.Instant
  ) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      for member in view.members where member.id != membership.member.id && member.isOnRing {
        group.addTask { await self.channels.wait(for: member, toReach: view.epoch, until: end) }
      }
      return await group.reduce(true) { $0 && $1 }
    }
  }

  /// Waits until others have what this node held.
  ///
  /// - Parameter timeout: what an operator gives it; nil: as long as a node waits that stops.
  private func handOver(timeout: Duration?) async {
    let byDefault = Duration.milliseconds(self.configuration.limits.handoverTimeoutMilliseconds)
    let outcome = await self.handover.drain(timeout: timeout ?? byDefault)
    // The node stops meanwhile: whoever stops it goes on.
    if Task.isCancelled { return }
    // What it held was forgotten, and told of.
    guard self.drainProgress?.state == .handingOver else { return }
    let left = outcome == .handedOver ? nil : await self.handover.entriesLeft()
    guard let left, left.entries > 0 else {
      self.note { $0.handedOver(butFor: nil) }
      return self.logger.info("handed all entries over")
    }
    self.note { $0.handedOver(butFor: left) }
    let reason =
      switch outcome {
      case .handedOver, .late:
        timeout == nil ? "handover-timeout passed" : "the deadline of the drain passed"
      case .alone: "no other node is left"
      }
    self.logger.warning(
      "entries are left behind: \(reason)",
      metadata: ["entries": "\(left.entries)", "bytes": "\(left.bytes)"])
  }

  /// What this node holds is about to be forgotten: of a node that hands it over it is left behind.
  func tellOfForgotten() async {
    let held = self.store.statistics().total.entries
    guard held > 0 else { return }
    self.logger.warning(
      "this node forgets all that it holds: others have owned the keys since, or may have",
      metadata: ["entries": "\(held)"])
    guard self.drainProgress?.state == .handingOver else { return }
    let left = await self.handover.entriesLeft()
    self.note { $0.handedOver(butFor: left.entries > 0 ? left : nil) }
  }

  private func sayNobodyTakesOver(_ reason: String) {
    self.logger.warning(
      "this node cannot tell etcd that it leaves, and nobody takes its entries over: \(reason)",
      metadata: ["entries": "\(self.store.statistics().total.entries)"])
  }

  private func note(_ change: (inout DrainProgress) -> Void) {
    self.draining.withLock { draining in
      guard var changed = draining else { return }
      change(&changed.progress)
      draining = changed
    }
  }
}
