internal import CacheStore
internal import LarderAPI
internal import Logging
internal import Synchronization

// One piece of work of a handover, until it is done, or not wanted any more.
extension Handover {
  /// Between attempts at what cannot be done yet; twice as long after each, up to the last.
  private static let retryIntervals = (first: Duration.milliseconds(20), last: Duration.seconds(1))
  /// After so many attempts it is worth to be told of.
  private static let attemptsMax = 8
  /// So often a stream of hashes is asked for that the peer says it has not sealed.
  private static let notSealedMax = 20

  func perform(_ work: Work) async {
    switch work {
    case .seal(let process, let vias): await self.seal(process, vias)
    case .stream(let process): await self.stream(from: process)
    case .release(let process): await self.release(process)
    case .clearGains(let version):
      await self.drop(work, through: version) { $0.gainsCleared($1, through: version) }
    case .clearLosses(let version):
      guard await self.isInstalled() else { return }
      await self.drop(work, through: version) { $0.lossesCleared($1, through: version) }
    case .forget:
      guard await self.isInstalled() else { return }
      // Nobody waits for the room.
      await withTaskExecutorPreference(self.register.executor) { await self.forget() }
    }
  }

  // MARK: - With other nodes

  /// What a call to a process is about, and where to; nil: it is not wanted any more.
  private func order(
    _ work: Work, to process: MemberProcess, vias: Set<MemberProcess> = []
  ) -> (order: SealOrder, member: Member)? {
    self.state.withLock { state in
      guard let machine = state.machine, let member = state.members[process] else { return nil }
      let arcs = machine.arcs(of: work).prefix(SealRequest.rangesMax)
      guard !arcs.isEmpty else { return nil }
      return (SealOrder(heir: machine.own, epoch: machine.epoch, arcs: arcs, vias: vias), member)
    }
  }

  private func seal(_ process: MemberProcess, _ vias: Set<MemberProcess>) async {
    var interval = Self.retryIntervals.first
    var attempts = 0
    while !Task.isCancelled,
      let (order, member) = self.order(.seal(process, vias: vias), to: process, vias: vias)
    {
      self.state.withLock { $0.machine?.asks(process, order) }
      do throws(HandoverFailure) {
        let answer = try await self.peer.seal(order, at: member)
        let now = self.time().wallMilliseconds
        let isTimely = self.store.clock.merge(
          answer.clock, wallMilliseconds: now, skewMaxMilliseconds: self.skewMaxMilliseconds)
        if !isTimely {
          self.logger.error(
            "a node gives up keys with a clock that is too far ahead, and is not heeded",
            metadata: ["peer": "\(member.id)", "ahead": "\(answer.clock.milliseconds - now) ms"])
        } else {
          self.update { $0.machine?.sealed(by: process, order, answer) }
          return
        }
      } catch {
        attempts += 1
        self.logger.log(
          level: attempts == Self.attemptsMax ? .warning : .debug,
          "a node does not give up keys that are this node's: they cannot be served",
          metadata: ["peer": "\(member.id)", "reason": "\(error)"])
      }
      guard await Self.pause(interval) else { return }
      interval = min(interval * 2, Self.retryIntervals.last)
    }
  }

  private func release(_ process: MemberProcess) async {
    var interval = Self.retryIntervals.first
    while !Task.isCancelled, let (order, member) = self.order(.release(process), to: process) {
      do throws(HandoverFailure) {
        try await self.peer.release(order, at: member)
        self.update { $0.machine?.released(order.arcs, by: process) }
        return
      } catch {
        guard await Self.pause(interval) else { return }
        interval = min(interval * 2, Self.retryIntervals.last)
      }
    }
  }

  private func stream(from process: MemberProcess) async {
    var interval = Self.retryIntervals.first
    var (arcs, after, notSealed) = (ArcSet.none, UInt64(0), 0)
    while !Task.isCancelled, let (order, member) = self.order(.stream(process), to: process) {
      // Batches are numbered for the hashes that were asked for.
      if order.arcs != arcs { (arcs, after) = (order.arcs, 0) }
      let (asked, epoch) = (arcs, order.epoch)
      do throws(MigrationFailure) {
        try await self.peer.migrate(asked, heir: order.heir, from: member, after: after) {
          try await self.apply($0, from: process, by: epoch)
        }
        // Where a floor stands, what this node has held since before may have been deleted.
        let isFloored = !self.store.floors(in: asked).isEmpty
        self.update { $0.machine?.received(asked, from: process, by: epoch, isFloored: isFloored) }
        return
      } catch {
        if error.acknowledged > after { interval = Self.retryIntervals.first }
        after = error.acknowledged
        switch error.cause {
        case .cancelled:
          self.logger.warning(
            "a migration was cancelled: what had not come is lost",
            metadata: ["peer": "\(member.id)"])
          // Also what the stream did not have yet: to an operator it is the same migration. What a ring after
          // that has brought is none that he has seen.
          self.update { $0.machine?.cancel(.all, from: process, by: epoch) }
          return
        case .notSealed where notSealed == Self.notSealedMax:
          // It has given them up to nobody else, or this node would have heard by now.
          self.update { $0.machine?.cancel(asked, from: process, by: epoch) }
          return
        case .notSealed: notSealed += 1
        default: notSealed = 0
        }
        self.logger.debug(
          "a migration goes on later",
          metadata: ["peer": "\(member.id)", "reason": "\(error.cause)"])
      }
      guard await Self.pause(interval) else { return }
      interval = min(interval * 2, Self.retryIntervals.last)
    }
  }

  /// Each piece under the lock: what this node loses meanwhile must not change any more.
  ///
  /// - Parameter epoch: by which the batch was asked for. What this node has lost and got back since may have
  ///   been changed in between.
  private func apply(
    _ batch: MigrationBatch, from process: MemberProcess, by epoch: Epoch
  ) async throws {
    var (wanted, changes) = (ArcSet.none, nil as Int?)
    var tally = MigrationBatch.Tally()
    for piece in batch.pieces {
      let more = try self.state.withLock { state throws(HandoverFailure) in
        if changes != state.changes {
          wanted = state.machine?.incoming(from: process, by: epoch) ?? .none
          changes = state.changes
        }
        return try batch.apply(piece, to: self.store, only: wanted, now: self.time())
      }
      tally.add(more)
      await Task.yield()
      try Task.checkCancellation()
    }
    let names = tally.unknownNamespaces.sorted()
    let warnings = try self.state.withLock { state throws(HandoverFailure) in
      if state.machine?.hasOlder(than: process, by: epoch) == true {
        try batch.raiseFloors(of: self.store, now: self.time())
      }
      return names.map { Self.warning(unknownNamespace: $0, from: process) }
        .filter { state.warnings.admits($0, .now) }
    }
    for warning in warnings { self.logger.warning("\(warning)") }
  }

  /// For people: what is lost, and the remedy.
  static func warning(unknownNamespace name: String, from process: MemberProcess) -> String {
    """
    \(process.id) hands over entries of the namespace "\(name)", which this node does not have: they \
    are lost. Give all nodes the same namespaces, in their configuration or with larder namespace \
    create
    """
  }

  // MARK: - In the store

  /// Waits until all event loops go by the ring of the machine.
  func isInstalled() async -> Bool {
    while !Task.isCancelled {
      // Not where it is changing just now. Never waits for the lock: this may be an event loop.
      let isInstalled = self.state.withLockIfAvailable { state in
        state.machine.map { $0.installed == $0.epoch } ?? true
      }
      if isInstalled ?? false { return true }
      await Self.pause(.milliseconds(1))
    }
    return false
  }

  /// Forgets old copies, in small steps.
  private func drop(
    _ work: Work, through version: Version, then done: (inout HandoverMachine, ArcSet) -> Void
  ) async {
    var asked = ArcSet.all
    var cursor: DropCursor? = DropCursor()
    while let next = cursor {
      if Task.isCancelled { return }
      cursor = self.state.withLock { state in
        // What came later has not been gone through from its beginning.
        asked = asked.intersection(state.machine?.arcs(of: work) ?? .none)
        return asked.isEmpty ? nil : self.store.drop(asked, through: version, from: next)
      }
      await Task.yield()
    }
    self.update { state in
      guard var machine = state.machine else { return }
      done(&machine, asked)
      state.machine = machine
    }
  }

  private func forget() async {
    self.state.withLock { _ = $0.machine?.beginForgetting() }
    var cursor: DropCursor? = DropCursor()
    while let next = cursor {
      if Task.isCancelled { return }
      cursor = self.state.withLock { state in
        // Less than there was, where the node has got some back.
        let arcs = state.machine?.forgetting ?? .none
        return arcs.isEmpty ? nil : self.store.drop(arcs, from: next)
      }
      await Task.yield()
    }
    self.update { $0.machine?.endForgetting() }
  }
}
