internal import Etcd
internal import Logging
internal import Synchronization

// What a node finds out before it takes its share of the ring.
extension Membership {
  /// How many other nodes are asked whether they take this one for a peer. One that does is enough, and of
  /// so many one answers.
  private static let othersMax = 8

  /// Waits until this node can be a member: its versions begin above those of the cluster, its address
  /// leads to it, and others take it for a peer.
  ///
  /// - Returns: false where the task was cancelled.
  func prepare() async throws(MembershipError) -> Bool {
    var failures = 0
    while try await self.passClockFloor() {
      do throws(EtcdError) {
        guard let fault = try await self.fault() else { return true }
        self.warn("not in the cluster yet, and serving nothing: \(fault). Trying again")
      } catch {
        self.warn(unreachable: error)
      }
      // A name may lead to this node only a while after it has started.
      failures += 1
      let delay = Self.backoff.delay(afterFailures: failures, chance: .random(in: -1...1))
      guard await Self.sleep(delay) else { return false }
    }
    return false
  }

  /// Waits until this node's address leads to it again.
  ///
  /// - Returns: false where the task was cancelled.
  func waitUntilReachable() async -> Bool {
    var failures = 0
    while !Task.isCancelled {
      let check = JoinCheck(member: self.member)
      guard let fault = check.fault(own: await self.survey.whoIs(at: check.member)) else {
        return true
      }
      self.warn("off the ring, and serving nothing: \(fault). Trying again")
      failures += 1
      let delay = Self.backoff.delay(afterFailures: failures, chance: .random(in: -1...1))
      guard await Self.sleep(delay) else { return false }
    }
    return false
  }

  /// What is wrong with this node; nil: it can take its share.
  private func fault() async throws(EtcdError) -> JoinCheck.Fault? {
    let check = JoinCheck(member: self.member)
    let others = try await self.others()
    async let own = self.survey.whoIs(at: check.member)
    let answers = await self.ask(others)
    return check.fault(own: await own, others: answers)
  }

  /// Some of those that are registered at other addresses, whichever.
  private func others() async throws(EtcdError) -> ArraySlice<Member> {
    let listing = try await self.etcd.list(self.keys.watched)
    var roster = MemberRoster(keys: self.keys)
    for keyValue in listing.keyValues { roster.put(keyValue) }
    let own = self.member
    return roster.members().members
      .filter { $0.id != own.id && $0.address != own.address }
      .shuffled().prefix(Self.othersMax)
  }

  /// Asks the members, all at once, until one takes this node for a peer.
  private func ask(
    _ members: ArraySlice<Member>
  ) async -> [(address: String, answer: AddressAnswer)] {
    await withTaskGroup(of: (address: String, answer: AddressAnswer).self) { group in
      for member in members {
        group.addTask { (member.address, await self.survey.whoIs(at: member)) }
      }
      var answers: [(address: String, answer: AddressAnswer)] = []
      for await next in group {
        answers.append(next)
        if JoinCheck.isAccepted(next.answer) { break }
      }
      group.cancelAll()
      return answers
    }
  }

  // MARK: - What people are told

  /// A node that is not in its cluster yet gets nothing from etcd.
  func warn(unreachable error: EtcdError) {
    let remedy: String
    switch error.reason {
    case .cancelled: return
    case .unauthenticated, .permissionDenied:
      remedy = "Check --etcd-user, its password, and what etcd lets it do"
    default: remedy = "Check --etcd"
    }
    self.warn("not in the cluster yet, and serving nothing: \(error). \(remedy); trying again")
  }

  /// At first, and then rarely.
  func warn(_ text: String) {
    guard self.state.withLock({ $0.warnings.admits(text, .now) }) else { return }
    self.logger.warning("\(text)")
  }
}
