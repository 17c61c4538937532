internal import CacheStore
internal import Logging
internal import NIOCore
internal import Synchronization

// What calls need before all of it is here.
extension Handover: KeyFetcher {
  /// For all keys of one call, from one node.
  private static let fetchTimeout: TimeAmount = .seconds(1)

  /// Keys of one namespace, and those that may have them: newest first.
  private struct Question: Hashable {
    struct Holder: Hashable {
      let process: MemberProcess
      /// Above it a copy counts, whoever comes next.
      let trustedAbove: Version
    }

    let holders: [Holder]
    /// By which this node was to get the keys. Those that it has lost and got back since may have been
    /// changed in between.
    let since: Epoch
    let namespace: String
  }

  public func fetch(_ keys: [FetchKey]) async -> Bool {
    let questions = await self.look { state in
      var questions: [Question: [FetchKey]] = [:]
      for key in keys {
        guard let machine = state.machine, let gain = machine.gain(of: key.hash),
          gain.phase == .incoming
        else { continue }
        let question = Question(
          holders: gain.holders.enumerated().map { index, holder in
            .init(process: holder.process, trustedAbove: gain.trustedAbove(from: index + 1))
          }, since: gain.since, namespace: key.namespaceName)
        questions[question, default: []].append(key)
      }
      return questions
    }
    let isAnswered = await self.ask(questions)
    // Where the ring has changed meanwhile, what came may be in nobody's store. The loops, once they go
    // by the new one, look at the keys anew, or pass the calls on.
    _ = await self.isInstalled()
    return isAnswered
  }

  private func ask(_ questions: [Question: [FetchKey]]) async -> Bool {
    if questions.count == 1, let (question, keys) = questions.first {
      return await self.ask(question, keys)
    }
    // What one node does not answer must not keep a batch from what others hold.
    return await withTaskGroup(of: Bool.self) { group in
      for (question, keys) in questions { group.addTask { await self.ask(question, keys) } }
      return await group.reduce(true) { $0 && $1 }
    }
  }

  private func ask(_ question: Question, _ keys: [FetchKey]) async -> Bool {
    var left = keys
    /// Below these nothing counts.
    var floors: [FetchKey: Version] = [:]
    for holder in question.holders where !left.isEmpty {
      let found = await self.look { state in
        (member: state.members[holder.process], own: state.machine?.own)
      }
      guard let own = found.own else { return true }
      if holder.process == own {
        left = left.filter {
          !self.isHere($0, floor: floors[$0] ?? .none, above: holder.trustedAbove)
        }
        continue
      }
      // It is gone: what counts now, the call finds when it is served again.
      guard let member = found.member else { return true }
      do throws(HandoverFailure) {
        let copies = try await self.peer.fetch(
          question.namespace, keys: left.map(\.bytes), heir: own, from: member,
          timeout: Self.fetchTimeout)
        var unknown: [FetchKey] = []
        for (key, copy) in zip(left, copies) {
          let floor = floors[key] ?? .none
          switch copy {
          case .unknown(let other):
            floors[key] = max(floor, other)
            unknown.append(key)
          // It may have been deleted where the floor is from.
          case .entry(_, let version, _, _) where version <= floor: unknown.append(key)
          case .entry(_, let version, _, _), .tombstone(let version):
            await self.apply(copy, key, from: holder.process, since: question.since)
            if version <= holder.trustedAbove { unknown.append(key) }
          }
        }
        left = unknown
      } catch {
        self.logger.debug(
          "a node does not say what it holds",
          metadata: ["peer": "\(member.id)", "reason": "\(error)"])
        return false
      }
    }
    return true
  }

  /// Calls `body` with what the lock protects. Fetches run on event loops, which others may keep from it for
  /// some milliseconds as the ring changes: then it is waited for on another thread.
  private func look<Result: Sendable>(
    _ body: @Sendable (inout State) -> Result
  ) async -> Result {
    if let result = self.state.withLockIfAvailable({ body(&$0) }) { return result }
    return await withTaskExecutorPreference(globalConcurrentExecutor) {
      self.state.withLock { body(&$0) }
    }
  }

  /// Whether this node has something that counts now. Forgets what may have been deleted since.
  private func isHere(_ key: FetchKey, floor: Version, above version: Version) -> Bool {
    key.withStoreKey { key in
      self.store.forget(key, through: floor)
      return self.store.newest(key, now: self.time()).map { $0 > version } ?? false
    }
  }

  private func apply(
    _ copy: FetchedCopy, _ key: FetchKey, from holder: MemberProcess, since epoch: Epoch
  ) async {
    let now = self.time()
    await self.look { state in
      // What this node has lost since must not change any more.
      guard let gain = state.machine?.gain(of: key.hash), gain.since == epoch,
        gain.holders.contains(where: { $0.process == holder && $0.isSealed && !$0.isEmpty })
      else { return }
      key.withStoreKey { key in
        switch copy {
        case .entry(let value, let version, let expiry, let flags):
          _ = self.store.take(
            key, value: value.span.bytes, flags: flags, version: version, expiry: expiry, now: now)
        case .tombstone(let version): _ = self.store.applyTombstone(key, version: version)
        case .unknown: return
        }
      }
    }
  }
}

extension FetchKey {
  fileprivate func withStoreKey<Result>(_ body: (borrowing StoreKey) -> Result) -> Result {
    body(StoreKey(namespace: self.namespace, bytes: self.bytes.span.bytes, hash: self.hash))
  }
}
