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

  /// Has the others take this node off their rings, and waits until they have: then nobody forwards calls
  /// to it any more. Waits then until they have what it held. Where etcd is away there is nothing to
  /// wait for.
  func leave() async {
    guard let membership = self.membership, membership.view?.standing == .leased else { return }
    let earlier = self.draining.withLock { $0 }
    if earlier?.progress.state == .drained { return }
    // An operator may have given it more time than a node has that stops.
    earlier?.task?.cancel()
    await earlier?.task?.value
    self.draining.withLock { $0 = Draining(task: nil) }
    await self.leave(membership, handoverTimeout: nil)
  }

  private func leave(_ membership: Membership, handoverTimeout: Duration?) async {
    let limits = self.configuration.limits
    let hasLeft = await self.leaveRing(
      membership, timeout: .milliseconds(limits.leaveTimeoutMilliseconds))
    if Task.isCancelled { return }
    self.note { $0.left(hasLeft) }
    if hasLeft {
      self.logger.info("left the cluster's ring")
      await self.handOver(
        timeout: handoverTimeout ?? .milliseconds(limits.handoverTimeoutMilliseconds))
    } else {
      self.logger.warning(
        "the others may not know yet that this node leaves: leave-timeout passed",
        metadata: [
          "leave-timeout": "\(DurationText.text(milliseconds: limits.leaveTimeoutMilliseconds))"
        ])
    }
  }

  private func note(_ change: (inout DrainProgress) -> Void) {
    self.draining.withLock { draining in
      guard var changed = draining else { return }
      change(&changed.progress)
      draining = changed
    }
  }

  /// - Returns: whether this node is off its own ring and those of all others that answer.
  private func leaveRing(_ membership: Membership, timeout: Duration) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        await membership.leave(timeout: timeout)
        return await self.waitForOthers(membership)
      }
      group.addTask {
        do {
          try await Task.sleep(for: timeout)
        } catch {
          // The others were faster.
        }
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }

  /// Waits until others have what this node held.
  private func handOver(timeout: Duration) async {
    let isDrained = await self.handover.drain(timeout: timeout) {
      self.migrations.snapshot().migrations.contains { $0.direction == .outbound }
    }
    if isDrained {
      self.note { $0.handedOver(butFor: nil) }
      self.logger.info("handed all entries over")
      return
    }
    // The node stops meanwhile: whoever stops it goes on.
    if Task.isCancelled { return }
    let left = await self.handover.entriesLeft()
    self.note { $0.handedOver(butFor: left) }
    self.logger.warning(
      "entries are left behind: handover-timeout passed, or nobody came for them",
      metadata: [
        "entries": "\(left.entries)", "bytes": "\(left.bytes)",
        "handover-timeout": "\(DurationText.text(milliseconds: Int64(timeout / .milliseconds(1))))",
      ])
  }

  /// - Returns: whether this node is off its own ring and those of all others that answer.
  private func waitForOthers(_ membership: Membership) async -> Bool {
    let id = membership.member.id
    guard let view = membership.view,
      !view.members.contains(where: { $0.id == id && $0.isOnRing })
    else { return false }
    return await withTaskGroup(of: Bool.self) { group in
      for member in view.members where member.id != id && member.isOnRing {
        group.addTask { await self.channels.wait(for: member, toReach: view.epoch) }
      }
      return await group.reduce(true) { $0 && $1 }
    }
  }
}
