internal import Logging

// What readers and people are told.
extension Membership {
  /// What the node may do may be another now.
  func stand(_ state: inout State, _ now: ContinuousClock.Instant) {
    let before = state.machine.view?.standing
    let standing = state.standing.standing
    self.pass(state.machine.stands(standing, hasLease: state.standing.hasLease, now), &state)
    self.ends.continuation.yield(state.standing.servingEnd)
    guard let before, before != standing else { return }
    switch standing {
    case .leased: self.logger.notice("this node has a lease in etcd")
    case .majority:
      self.logger.warning(
        "no lease in etcd; this node serves on, as nobody reaches etcd in more than half of the ring"
      )
    case .isolated:
      self.logger.error(
        "no lease in etcd, and others may have one: this node refuses writes until it has")
    }
  }

  /// Passes on what the machine has to tell.
  func pass(_ notices: [MembershipMachine.Notice], _ state: inout State) {
    for notice in notices {
      switch notice {
      case .publish(let view):
        // One of an earlier process may be there still.
        let own = MemberProcess(state.registration.member)
        if view.standing == .leased, view.members.contains(where: { MemberProcess($0) == own }) {
          state.hasArrived = true
        }
        state.readers.removeAll { reader in
          if case .terminated = reader.yield(view) { true } else { false }
        }
        self.log(view, after: state.logged)
        state.logged = view
      case .own(let member, let revision):
        let effect = state.registration.observed(member, at: revision)
        if effect != .none { self.registrations.continuation.yield(effect) }
      case .malformed(let faults):
        for fault in faults {
          self.logger.warning(
            "a key in etcd makes no member of the cluster",
            metadata: ["key": "\(fault.key)", "fault": "\(fault.what)"])
        }
      case .lossHeld(let ids):
        self.logger.error(
          "so many nodes are gone from etcd that the ring stays as it is for now",
          metadata: [
            "nodes": "\(ids.joined(separator: " "))", "hold": "\(self.configuration.massLossHold)",
          ])
      case .lossApplied(let ids):
        self.logger.error(
          "nodes that were gone from etcd have not come back: their keys have other owners now",
          metadata: ["nodes": "\(ids.joined(separator: " "))"])
      case .newHistory(let incarnation):
        state.registration.historyBegan()
        self.logger.warning(
          "etcd's history has begun anew", metadata: ["incarnation": "\(incarnation)"])
      }
    }
  }

  /// Who has come and gone, and with which settings that are not to be others than this node's.
  private func log(_ view: ClusterView, after last: ClusterView?) {
    func members(_ members: [Member], without others: [Member]) -> [Member] {
      let others = Set(others.map { Process(id: $0.id, incarnation: $0.incarnation) })
      return members.filter { !others.contains(Process(id: $0.id, incarnation: $0.incarnation)) }
    }
    func names(_ members: [Member]) -> String {
      members.map { "\($0.id) (\($0.address), version \($0.version))" }.joined(separator: " ")
    }
    let joined = members(view.members, without: last?.members ?? [])
    let left = members(last?.members ?? [], without: view.members)
    guard !(joined.isEmpty && left.isEmpty) else { return }
    self.logger.info(
      "members of the cluster",
      metadata: [
        "joined": "\(names(joined))", "left": "\(names(left))", "nodes": "\(view.members.count)",
        "epoch": "\(view.epoch)",
      ])
    for disagreement in SharedSettings.disagreements(of: self.configuration.member, with: joined) {
      self.logger.warning("\(disagreement)")
    }
  }

  /// One that has started again has left and joined.
  private struct Process: Hashable {
    let id: String
    let incarnation: UInt64
  }
}
