internal import CacheStore
internal import Cluster
internal import GRPC
internal import HashRing
internal import LarderAPI
internal import Logging
internal import NIOCore
internal import Synchronization
internal import Wire

// Changes of the ring: what they would move, and the one that a node makes for itself.
extension AdminService {
  func plan(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try PlanRequest(decoding: call.message)
    self.answerLater(call) { member, membership throws(ClusterError) in
      try await self.plan(request, member, membership).serialized()
    }
  }

  func setWeight(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try SetWeightRequest(decoding: call.message)
    self.answerLater(call) { member, membership throws(ClusterError) in
      try await self.setWeight(request.weight, member, membership).serialized()
    }
  }

  // MARK: - Plan

  private func plan(
    _ request: PlanRequest, _ member: MemberNode, _ membership: Membership
  ) async throws(ClusterError) -> PlanResponse {
    let change: ProposedChange =
      switch request.change {
      case .add(let node): .add(id: node.id, zone: node.zone, weight: node.weight)
      case .remove(let id): .remove(id: id)
      case .weigh(let node): .weigh(id: node.id, weight: node.weight)
      case nil: throw .orderInvalid("there is no change: set add, remove or weigh")
      }
    let id = membership.member.id
    var plan = try Self.plan(change, member, membership)
    // In small steps, so that neither a shard nor a thread is held long.
    var found: [EntryOutline] = []
    var cursor: WalkCursor? = WalkCursor()
    while let next = cursor {
      found.removeAll(keepingCapacity: true)
      cursor = self.store.walk(from: next, now: self.clock.time(.now())) { found.append($0) }
      // Read after the step, so that there are all that its entries are in.
      let names = self.store.namespaces.configurations.map(\.name.utf8.count)
      // Owners are looked up in two rings: not while a shard is held.
      for entry in found {
        plan.count(entry, namespaceBytes: names[Int(entry.namespace.rawValue)])
      }
      await Task.yield()
    }
    var response = PlanResponse()
    response.nodeID = id
    response.epoch = "\(plan.epoch)"
    response.moves = plan.moves.map { move in
      var planned = PlannedMove()
      planned.heirID = move.heir
      planned.shareMillionths = UInt32((move.share * 1_000_000).rounded())
      planned.entries = UInt64(move.entries)
      planned.bytes = UInt64(move.bytes)
      return planned
    }
    response.isMoving = !member.migrations.snapshot().migrations.isEmpty
    return response
  }

  /// Of the ring that the node sees now.
  private static func plan(
    _ change: ProposedChange, _ member: MemberNode, _ membership: Membership
  ) throws(ClusterError) -> MovePlan {
    guard let view = membership.view else { throw .notAMember }
    do throws(ProposalError) {
      return try MovePlan(
        Self.table(of: view, ownID: membership.member.id), change,
        batchMaxBytes: member.configuration.limits.migrationBatchMaxBytes)
    } catch {
      switch error {
      case .unknown(let id):
        guard view.members.contains(where: { $0.id == id }) else { throw .memberUnknown(id) }
        throw .notOnRing(id)
      case .alreadyThere(let id): throw .alreadyOnRing(id)
      case .lastNode(let id): throw .lastNode(id)
      case .ring(let error): throw .ringInvalid("\(error)")
      }
    }
  }

  // MARK: - Weight

  private func setWeight(
    _ weight: Double, _ member: MemberNode, _ membership: Membership
  ) async throws(ClusterError) -> SetWeightResponse {
    let own = membership.member
    // Whatever a ring cannot have is refused before anybody sees it.
    _ = try Self.plan(.weigh(id: own.id, weight: weight), member, membership)
    guard membership.view?.standing == .leased else { throw .noLease }
    let milliseconds = member.configuration.limits.etcdCallTimeoutMilliseconds
    self.logger.notice(
      "an operator changes the weight of this node",
      metadata: ["from": "\(own.weight)", "to": "\(weight)"])
    let timeout = Duration.milliseconds(milliseconds)
    guard let view = await membership.change(weight: weight, timeout: timeout),
      await member.wait(toGoBy: view.epoch, timeout: timeout)
    else {
      throw .notSeenYet(DurationText.text(milliseconds: milliseconds))
    }
    let table = Self.table(of: view, ownID: own.id)
    var response = SetWeightResponse()
    response.weightBefore = own.weight
    response.epoch = "\(view.epoch)"
    let share = table.own.map { table.ring.share(of: $0) } ?? 0
    response.shareMillionths = UInt32((share * 1_000_000).rounded())
    return response
  }

  private static func table(of view: ClusterView, ownID: String) -> RoutingTable {
    do {
      return try RoutingTable(
        epoch: view.epoch, members: view.members.filter(\.isOnRing), ownID: ownID)
    } catch {
      preconditionFailure("a ring can always be made of a view's members: \(error)")
    }
  }

  // MARK: - Parts

  /// Serves a call that takes its time in a task of its own.
  private func answerLater(
    _ call: borrowing UnaryCall,
    with body:
      @escaping @Sendable (MemberNode, Membership) async throws(ClusterError) -> [UInt8]
  ) {
    let cluster = self.cluster.withLock { $0 }
    call.answer { () async throws(Status) -> [UInt8] in
      do throws(ClusterError) {
        guard let member = cluster?.member else { throw .noEtcd }
        guard let membership = member.membership else { throw .notAMember }
        return try await body(member, membership)
      } catch {
        throw error.status
      }
    }
  }
}
