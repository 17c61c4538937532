internal import CacheStore
internal import Logging
internal import Synchronization

// A node on its way off the ring: how long it waits, for whom, and what is left.
extension Handover {
  /// How much longer than a lease can last an heir may give no sign of life. After so long a lease that is
  /// over has been ended, and this node has heard of it, however busy etcd is; and a sign that has got lost
  /// was followed by another, as heirs give one each `signInterval`.
  public static let silenceMargin: Duration = .seconds(5)
  /// How often a node that has asked for a seal tells those that leave that it still wants what it has asked for.
  static let signInterval: Duration = .seconds(2)
  /// How often a node that leaves looks who is silent, which takes a look at all arcs.
  private static let silenceInterval: Duration = .milliseconds(250)

  /// Of this node on its way off the ring: waits until others have all that it has lost with that, or until
  /// none of those who have not gives a sign of life any more.
  ///
  /// - Parameters:
  ///   - timeout: how long at most.
  ///   - silenceMax: for how long an heir may give no sign of life: what a lease can last, and `silenceMargin`.
  ///     One that is dead is off the ring before, and its arcs are another's; so one that is silent for longer
  ///     lives as far as etcd knows, and does not come all the same, because it hangs or is refused.
  ///   - showsWhoLives: whether the ring shows who is alive. As long as it does not, silence counts for nothing.
  public func drain(
    timeout: Duration, silenceMax: Duration, showsWhoLives: @Sendable () -> Bool
  ) async -> DrainOutcome {
    let end = ContinuousClock.now + timeout
    self.state.withLock { state in
      state.machine?.keepsUnclaimed = true
      state.machine?.beginsToWait(.now)
    }
    defer { self.state.withLock { $0.machine?.keepsUnclaimed = false } }
    var looksAt = ContinuousClock.now
    while true {
      if let outcome = self.drained { return outcome }
      let now = ContinuousClock.now
      if now >= end || Task.isCancelled { return .late }
      if now >= looksAt {
        looksAt = now + Self.silenceInterval
        if self.waitsInVain(silenceMax, showsWhoLives()) { return .silent }
      }
      await Self.pause(.milliseconds(5))
    }
  }

  /// Nil: others are still to come for what this node has lost.
  private var drained: DrainOutcome? {
    self.state.withLock { state in
      guard let machine = state.machine else { return .handedOver }
      if machine.placement?.arcs.isEmpty ?? true { return .alone }
      // It may not go by the ring without it yet, as others do.
      return machine.owned.isEmpty && machine.awaited(.now).isEmpty ? .handedOver : nil
    }
  }

  private func waitsInVain(_ silenceMax: Duration, _ showsWhoLives: Bool) -> Bool {
    self.state.withLock { state in
      guard state.machine?.owned.isEmpty ?? false else { return false }
      return state.machine?.waitsInVain(
        silenceMax: silenceMax, showsWhoLives: showsWhoLives, .now) ?? false
    }
  }

  /// What this node still holds for others. Looks through the whole store.
  ///
  /// - Parameter silenceMax: as it drains by.
  public func leftBehind(silenceMax: Duration) async -> LeftBehind {
    var left = self.state.withLock { state in
      LeftBehind(
        state.machine?.awaitedHeirs(.now) ?? [],
        of: state.machine?.losses.reduce(ArcSet.none) { $0.union($1.arcs) } ?? .none,
        silenceMax: silenceMax)
    }
    var cursor: WalkCursor? = WalkCursor()
    while let next = cursor {
      cursor = self.store.walk(from: next, now: self.time()) { entry in
        left.count(hash: entry.hash, bytes: entry.keyBytes + entry.valueBytes)
      }
      await Task.yield()
    }
    return left
  }

  // MARK: - As an heir of such a node

  /// Tells those that leave, and hold something for this node, that it still wants it, until the task is
  /// cancelled: it may wait for others, or for an operator, before it asks for anything.
  func giveSigns() async {
    var next = ContinuousClock.now
    while true {
      // A member that does not answer takes none of the others' time.
      next = max(next + Self.signInterval, .now)
      guard await Self.pause(next - .now) else { return }
      let (own, leaving) = self.leavingHolders
      guard let own, !leaving.isEmpty else { continue }
      await withDiscardingTaskGroup { group in
        for member in leaving { group.addTask { await self.giveSign(of: own, to: member) } }
      }
    }
  }

  /// This process, and the members that leave and hold something for it, or may: whom else to ask it learns
  /// from those that it has asked, some of which may be slow to answer.
  var leavingHolders: (own: MemberProcess?, members: [Member]) {
    self.state.withLock { state in
      guard let machine = state.machine else { return (nil, []) }
      let asks = machine.gains.contains { $0.phase == .unsealed }
      let members = state.members.filter { process, member in
        member.state == .leaving && process != machine.own
          && (asks || machine.debts[process] != nil)
      }
      return (machine.own, Array(members.values))
    }
  }

  private func giveSign(of own: MemberProcess, to member: Member) async {
    do throws(HandoverFailure) {
      try await self.peer.renew(for: own, at: member)
    } catch {
      self.logger.debug(
        "a node that leaves is not told that this one still wants what it holds",
        metadata: ["peer": "\(member.id)", "reason": "\(error)"])
    }
  }
}

/// How the wait of a node that has left the ring ends.
public enum DrainOutcome: Sendable, Equatable {
  /// Others have what it held.
  case handedOver
  /// Nobody else is on the ring.
  case alone
  /// The time is over.
  case late
  /// None of those who do not have it yet has given a sign of life for too long.
  case silent
}
