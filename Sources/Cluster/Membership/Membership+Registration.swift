internal import Etcd
internal import Logging
internal import Synchronization

// Keeps this node's record in etcd.
extension Membership {
  /// Until the task is cancelled; then ends the lease, and the record with it.
  ///
  /// - Throws: `MembershipError`, where somebody else is this node.
  func register() async throws {
    let keeper = LeaseKeeper(self.etcd, ttl: self.configuration.leaseTTL) { lease in
      let effect = self.state.withLock { $0.registration.begin(lease) }
      try await self.perform(effect)
      self.firstRegistration.continuation.finish()
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.heed(keeper) }
      group.addTask { try await self.mend() }
      group.addTask { try await self.keep(keeper) }
      defer { group.cancelAll() }
      while try await group.next() != nil {}
    }
  }

  private func keep(_ keeper: LeaseKeeper) async throws {
    do {
      try await keeper.run()
    } catch let error as EtcdError {
      throw MembershipError.refused("\(error)")
    }
  }

  /// Follows the state of the lease.
  private func heed(_ keeper: LeaseKeeper) async {
    for await lease in keeper.states {
      self.state.withLock { state in
        let now = ContinuousClock.now
        switch lease {
        case .held(_, let until): state.standing.held(until: until, now)
        case .lost(let error):
          state.standing.lost()
          if let error {
            self.logger.warning("cannot register in etcd", metadata: ["error": "\(error)"])
          }
        }
        self.stand(&state, now)
      }
    }
  }

  /// Puts the record back that somebody has deleted, and changes it.
  private func mend() async throws {
    var pace = ReturnPace()
    for await first in self.registrations.stream {
      var effect = first
      var failures = 0
      // Only what is not there: a change of the record waits for nothing.
      if case .claim(_, _, replacing: .current) = first {
        let delay = pace.deleted(.now, chance: .random(in: -1...1))
        let member = self.member
        self.logger.warning(
          """
          this node's record was deleted in etcd, and is put back: others cannot reach this node at \
          \(member.address), unless somebody has deleted it by hand; check --advertise
          """,
          metadata: ["id": "\(member.id)", "after": "\(delay)"])
        guard await Self.sleep(delay), await self.waitUntilReachable() else { return }
        // The node may have another lease by now, or leave.
        effect = self.state.withLock { $0.registration.retry() }
      }
      while !Task.isCancelled {
        do {
          try await self.perform(effect)
          break
        } catch let error as EtcdError where error.isTransient || error.isOutcomeUnknown {
          self.logger.warning(
            "cannot write this node's record in etcd", metadata: ["error": "\(error)"])
          failures += 1
          let delay = Self.backoff.delay(afterFailures: failures, chance: .random(in: -1...1))
          guard await Self.sleep(delay) else { return }
          effect = self.state.withLock { $0.registration.retry() }
        } catch let error as EtcdError where error.reason == .leaseNotFound {
          // Its keeper finds that out, and registers under another.
          break
        } catch let error as EtcdError {
          guard !Task.isCancelled else { return }
          throw MembershipError.refused("\(error)")
        }
      }
    }
  }

  /// Does what the machine wants, and what it wants then.
  private func perform(_ first: RegistrationMachine.Effect) async throws {
    var effect = first
    while true {
      switch effect {
      case .none: return
      case .refuse(let error): throw error
      case .probe(let other):
        self.logger.notice(
          "another address is registered under this node's id; asking whether it answers",
          metadata: ["id": "\(other.id)", "address": "\(other.address)"])
        let answer = await self.survey.whoIs(at: other)
        effect = self.state.withLock { state in
          let isTaken = JoinCheck(member: state.registration.member).isTaken(by: answer)
          return state.registration.probed(isTaken: isTaken)
        }
      case .claim(let member, let lease, let revision):
        effect = try await self.claim(member, lease, replacing: revision)
      }
    }
  }

  private func claim(
    _ member: Member, _ lease: LeaseID, replacing revision: Revision
  ) async throws(EtcdError) -> RegistrationMachine.Effect {
    let key = Array(self.keys.node(member.id).utf8)
    let response = try await self.etcd.transact(
      Transaction(
        if: [Compare(.key(key), .equal, .modRevision(revision))],
        then: [.put(PutRequest(key, MemberRecord.encode(member), lease: lease))],
        else: [.range(RangeRequest(.key(key)))]))
    return self.state.withLock { state in
      guard !response.hasSucceeded else {
        return state.registration.claimed(lease, at: response.header.revision)
      }
      guard case .range(let found)? = response.responses.first,
        let keyValue = found.keyValues.first
      else {
        // It is not there any more: what stood in the way is gone.
        return state.registration.found(nil, lease, at: .current)
      }
      let other: Member?
      do throws(MemberRecord.Fault) {
        other = try MemberRecord.decode(keyValue.value, id: member.id)
      } catch {
        self.logger.warning(
          "replacing a malformed record of this node",
          metadata: ["key": "\(keyValue.keyText)", "fault": "\(error)"])
        other = nil
      }
      return state.registration.found(other, lease, at: keyValue.modRevision)
    }
  }
}
