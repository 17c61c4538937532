internal import CacheStore
internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

// What a node does with keys that other nodes own.
extension CacheService {
  /// Whether the call is to be served here and now. If not, it is on its way to the key's owner, waits
  /// for the key, or is answered.
  ///
  /// - Parameters:
  ///   - name: of the key's namespace.
  ///   - needsEntry: what the call does depends on what there is under the key.
  /// - Throws: a peer's call for a key that this node does not own; one for a key that is on its way to
  ///   this node, and does not come.
  @inline(__always)
  func isHere(
    _ key: borrowing StoreKey, _ name: RawSpan, _ call: borrowing UnaryCall,
    _ method: CacheMethod, needsEntry: Bool = true
  ) throws(CacheError) -> Bool {
    guard let cluster = self.cluster else { return true }
    return try self.isHere(key, name, call, method, needsEntry: needsEntry, cluster)
  }

  private func isHere(
    _ key: borrowing StoreKey, _ name: RawSpan, _ call: borrowing UnaryCall,
    _ method: CacheMethod, needsEntry: Bool, _ cluster: Forwarding
  ) throws(CacheError) -> Bool {
    let loop = cluster.loops[call.loop]
    guard let owner = loop.table.otherOwner(of: key.hash) else {
      if method.isWrite, loop.duty(call.now) == .isolated { throw .isolated }
      guard loop.hasArrivals else { return true }
      return try self.hasArrived(key, name, call, method, needsEntry: needsEntry, loop)
    }
    guard self.isForPeers else {
      loop.forward(call, method, to: owner, hash: key.hash)
      return false
    }
    // The sender may know of a change that is still on its way to this node.
    guard loop.waitForEpoch(of: call, serve: { self.serve($0) }) else {
      throw Self.wrongOwner(owner, by: loop.table)
    }
    return false
  }

  /// Whether the node may serve clients and peers at all. If not, the call of a peer that sees this node
  /// in the cluster already waits until it does so itself.
  ///
  /// - Throws: a call that is not to be served, or of a peer that goes by another ring.
  func isMember(
    _ call: borrowing UnaryCall, _ cluster: Forwarding
  ) throws(CacheError) -> Bool {
    let loop = cluster.loops[call.loop]
    if self.isForPeers {
      loop.heedClock(of: call)
      try self.checkRing(call, loop.table)
    }
    guard loop.table.duty == .none else { return true }
    if self.isForPeers, loop.waitForEpoch(of: call, serve: { self.serve($0) }) { return false }
    throw .notAMember
  }

  /// What the node reads by itself may be stale.
  @inline(__always)
  func isIsolated(_ call: borrowing UnaryCall) -> Bool {
    guard let cluster = self.cluster else { return false }
    return cluster.loops[call.loop].duty(call.now) == .isolated
  }

  /// Refuses a call of a peer that was given another ring. Even where both take this node for the
  /// key's owner: others may not, and two nodes would answer for one key.
  private func checkRing(
    _ call: borrowing UnaryCall, _ table: RoutingTable
  ) throws(CacheError) {
    guard !table.agrees(with: call) else { return }
    let nodes = table.members.prefix(Self.nodesShownMax).map(\.id)
    throw .ringsDiffer(table.own.map { table.members[$0].id } ?? "", nodes: nodes)
  }

  /// Errors travel in headers, which have room for no list of a thousand nodes.
  private static let nodesShownMax = 10

  /// Refuses a key of a batch that this node does not own, must not write, or that is still on its way.
  @inline(__always)
  func checkOwner(
    _ key: borrowing StoreKey, _ call: borrowing UnaryCall, isWrite: Bool = true,
    needsEntry: Bool = true
  ) throws(CacheError) {
    guard let cluster = self.cluster else { return }
    let loop = cluster.loops[call.loop]
    if let owner = loop.table.otherOwner(of: key.hash) {
      throw Self.wrongOwner(owner, by: loop.table)
    }
    if isWrite, loop.duty(call.now) == .isolated { throw .isolated }
    guard loop.hasArrivals else { return }
    try self.checkArrived(key, call, isWrite: isWrite, needsEntry: needsEntry, loop)
  }

  private static func wrongOwner(_ owner: Int, by table: RoutingTable) -> CacheError {
    .wrongOwner(table.members[owner].id, epoch: "\(table.epoch)")
  }

  // MARK: - Batches

  /// The call is served for the second time or later: it was let in, and counted, by the first.
  func isServedAgain(_ call: borrowing UnaryCall) -> Bool {
    guard let loop = self.cluster?.loops[call.loop] else { return false }
    return loop.pendingBatch != nil || loop.isSecondTry || loop.hasWaited
  }

  /// The batch whose parts have come back from the other nodes; nil: it has just come from the client.
  func gathered(_ call: borrowing UnaryCall) -> BatchCall? {
    self.isForPeers ? nil : self.cluster?.loops[call.loop].pendingBatch
  }

  /// Sends the keys of a batch that other nodes own to these; false: there are none, or they have
  /// answered.
  ///
  /// A key that is none is taken for this node's, which refuses it.
  func scatter(
    _ method: CacheMethod, _ request: borrowing KeyBatchRequest, _ call: borrowing UnaryCall
  ) -> Bool {
    guard let loop = self.cluster?.loops[call.loop], self.isToScatter(loop, call) else {
      return false
    }
    let batch = loop.pendingBatch ?? BatchCall(method, keys: request.keys.count)
    var index = -1
    var keys = request.keys.makeIterator()
    while let key = keys.next() {
      index += 1
      guard batch.needsOwner(index) else { continue }
      let hash = self.hash(key, namespace: request.namespace)
      if let owner = loop.table.otherOwner(of: hash), UTF8Validation.isValid(key) {
        batch.add(index, key, owner: owner)
      } else {
        batch.addOwn(index)
      }
    }
    return self.send(batch, request.namespace, call, loop)
  }

  /// As for keys. An item may name a namespace of its own, which is a part of what is hashed.
  func scatter(_ request: borrowing SetManyRequest, _ call: borrowing UnaryCall) -> Bool {
    guard let loop = self.cluster?.loops[call.loop], self.isToScatter(loop, call) else {
      return false
    }
    let batch = loop.pendingBatch ?? BatchCall(.setMany, keys: request.items.count)
    var index = -1
    var items = request.items.makeIterator()
    // The request was read without an error, so the same bytes can be gone through once more.
    var elements = RepeatedBytes(
      validated: call.message, field: 1, count: request.items.count
    ).makeIterator()
    while let item = items.next(), let element = elements.next() {
      index += 1
      guard batch.needsOwner(index) else { continue }
      let namespace = item.namespace.isEmpty ? request.namespace : item.namespace
      // What the caller may not use is taken for this node's, which refuses it.
      if let owner = loop.table.otherOwner(of: self.hash(item.key, namespace: namespace)),
        self.mayUse(item.namespace, call)
      {
        batch.add(index, element, owner: owner)
      } else {
        batch.addOwn(index)
      }
    }
    return self.send(batch, request.namespace, call, loop)
  }

  /// Whether to look up the owners of a batch's keys: of a client's at first, and of those that have
  /// moved; of a peer's where the peer goes by a newer table than this node.
  private func isToScatter(_ loop: LoopForwarder, _ call: borrowing UnaryCall) -> Bool {
    if self.isForPeers { return loop.isBehind(call) }
    return loop.pendingBatch?.isRerouting ?? true
  }

  private func send(
    _ batch: BatchCall, _ namespace: RawSpan, _ call: borrowing UnaryCall, _ loop: LoopForwarder
  ) -> Bool {
    batch.finish(namespace: namespace)
    guard batch.hasUnsent else { return false }
    // Never forwarded again: the change that the sender knows of may make this node the owner.
    if self.isForPeers { return loop.waitForEpoch(of: call, serve: { self.serve($0) }) }
    loop.scatter(batch, call)
    return true
  }

  /// Appends what the owner of a key has said about it; false where the reply is too full for it.
  ///
  /// - Parameters:
  ///   - key: its place in the batch.
  ///   - max: the most bytes that the reply may have.
  func appendGathered(
    _ batch: BatchCall, _ key: Int, to call: borrowing UnaryCall, max: Int = .max,
    failed: (borrowing ItemError) -> Bool
  ) -> Bool {
    var isAppended = true
    batch.withResult(
      of: key,
      { result in
        let size = 1 + Varint.size(UInt64(result.byteCount)) + result.byteCount
        isAppended = call.appendedBytes + size <= max
        guard isAppended else { return }
        call.append(size: size) { output in
          // All replies of batches have their results in field 1.
          output.lengthPrefix(field: 1, size: result.byteCount)
          output.append(bytes: result)
        }
      },
      failed: { status in
        let (reason, message) = (status.info?.reason ?? "", status.message)
        isAppended = failed(
          ItemError(
            code: Int32(status.code.rawValue), reason: reason.utf8Span.span.bytes,
            message: message.utf8Span.span.bytes))
      })
    return isAppended
  }
}
