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
      let end = self.leaveEnd
      draining = Draining(
        task: Task { await self.leave(membership, until: end, handoverTimeout: timeout) })
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
    let end = self.leaveEnd
    await membership.arrive(timeout: ContinuousClock.now.duration(to: end))
    guard membership.view?.standing == .leased else {
      // Should it be registered yet, then not as one that is to own anything.
      membership.change(to: .leaving)
      if self.store.statistics().total.entries == 0 { return }
      return self.sayNobodyTakesOver("it has no lease")
    }
    self.draining.withLock { $0 = Draining(task: nil) }
    await self.leave(membership, until: end, handoverTimeout: nil)
  }

  /// Until when others are to know that a node leaves which begins to now.
  private var leaveEnd: ContinuousClock.Instant {
    .now + .milliseconds(self.configuration.limits.leaveTimeoutMilliseconds)
  }

  private func leave(
    _ membership: Membership, until end: ContinuousClock.Instant, handoverTimeout: Duration?
  ) async {
    await membership.leave(timeout: ContinuousClock.now.duration(to: end))
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
    // What it had claimed by an earlier ring is known to the handover then.
    _ = await self.wait(toGoBy: view.epoch, timeout: ContinuousClock.now.duration(to: end))
    if Task.isCancelled { return }
    self.note { $0.left(true) }
    self.logger.info(
      "left the cluster's ring", metadata: doAllKnow ? nil : ["unknown-to-some": "leave-timeout"])
    await self.handOver(membership, timeout: handoverTimeout)
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

  /// How long an heir may give no sign of life: until one that is dead is off the ring, and some more. Nodes
  /// may have leases of other lengths, and each lasts twice its length where etcd gets another leader, which
  /// begins all leases anew.
  private var silenceMax: Duration {
    let members = self.membership?.view?.members ?? []
    let longest = members.map { Int64(clamping: $0.shared.leaseTTLMilliseconds) }
      .reduce(self.configuration.limits.leaseTTLMilliseconds, max)
    return .milliseconds(2 * longest) + Handover.silenceMargin
  }

  /// Waits until others have what this node held.
  ///
  /// - Parameter timeout: what an operator gives it; nil: as long as a node waits that stops.
  private func handOver(_ membership: Membership, timeout: Duration?) async {
    let byDefault = Duration.milliseconds(self.configuration.limits.handoverTimeoutMilliseconds)
    let silenceMax = self.silenceMax
    let outcome = await self.handover.drain(
      timeout: timeout ?? byDefault, silenceMax: silenceMax,
      showsWhoLives: { membership.showsWhoLives })
    // The node stops meanwhile: whoever stops it goes on.
    if Task.isCancelled { return }
    // What it held was forgotten, and told of.
    guard self.drainProgress?.state == .handingOver else { return }
    let left =
      outcome == .handedOver ? nil : await self.handover.leftBehind(silenceMax: silenceMax)
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
      case .silent: "those that own them now give no sign of life"
      }
    self.logger.warning(
      "entries are left behind: \(reason)",
      metadata: ["entries": "\(left.entries)", "bytes": "\(left.bytes)"])
    for part in left.parts { self.say(part) }
  }

  private func say(_ part: LeftBehind.Part) {
    let words =
      part.isGivenUp
      ? "a node has not come for entries that it owns now, though etcd has it alive: see whether it hangs,"
        + " and in its log and this one whether either refuses the other's calls"
      : "a node has not got all entries that it owns now: give it more time (handover-timeout), or have the"
        + " nodes send faster (migration-rate)"
    self.logger.warning(
      "\(words)",
      metadata: [
        "id": "\(part.heir.id)", "entries": "\(part.entries)", "bytes": "\(part.bytes)",
        "silent": "\(part.silence.components.seconds) s",
      ])
  }

  /// What this node holds is about to be forgotten: of a node that hands it over it is left behind.
  func tellOfForgotten() async {
    let held = self.store.statistics().total.entries
    guard held > 0 else { return }
    self.logger.warning(
      "this node forgets all that it holds: others have owned the keys since, or may have",
      metadata: ["entries": "\(held)"])
    guard self.drainProgress?.state == .handingOver else { return }
    let left = await self.handover.leftBehind(silenceMax: self.silenceMax)
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
