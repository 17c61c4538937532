internal import CacheStore
internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

// Keys that this node owns, while their entries are on their way from the nodes that had them before.
//
// A call that needs what is not here waits until it is, and is served from the beginning then. Where it
// does not come, reads miss, and writes are refused before anything is done.
extension CacheService {
  /// What a node has of a key that it owns.
  private enum Arrival {
    /// All that the call needs.
    case here
    /// Another node may still serve the key.
    case unsealed
    /// What is here is not to be trusted: those that had the key before know better.
    case missing
  }

  private func arrival(
    of key: borrowing StoreKey, needsEntry: Bool, _ call: borrowing UnaryCall,
    _ loop: LoopForwarder
  ) -> Arrival {
    switch loop.arrival(of: key.hash) {
    case nil: return .here
    case .unsealed: return .unsealed
    case .incoming(let trustedAbove):
      if !needsEntry || loop.wasFetched(key.hash) == true { return .here }
      // A tombstone is as good as an entry: it says that there is none.
      var newest = Version.none
      _ = self.store.copy(of: key, now: self.clock.time(of: call)) { newest = $0.version }
      return newest > trustedAbove ? .here : .missing
    }
  }

  /// A node without a lease reads what it has, and says that it may be stale; writes it refuses anyway.
  private func servesAnyway(_ call: borrowing UnaryCall, _ loop: LoopForwarder) -> Bool {
    loop.duty(call.now) == .isolated
  }

  // MARK: - Single calls

  /// Whether a call for a key of this node is to be served now. If not, it waits, or is answered.
  ///
  /// - Throws: why it is refused; nothing was done.
  func hasArrived(
    _ key: borrowing StoreKey, _ name: RawSpan, _ call: borrowing UnaryCall,
    _ method: CacheMethod, needsEntry: Bool, _ loop: LoopForwarder
  ) throws(CacheError) -> Bool {
    if self.servesAnyway(call, loop) { return true }
    switch self.arrival(of: key, needsEntry: needsEntry, call, loop) {
    case .here: return true
    case .unsealed:
      switch loop.waitForSeal(of: [key.hash], call, serve: { self.serve($0) }) {
      case .waiting: return false
      case .over: throw .handoverWait
      case .full: throw .handoverCallsExhausted(max: self.limits.handoverCallsMax)
      }
    case .missing:
      guard loop.wasFetched(key.hash) == nil else {
        guard method == .get else { throw .handoverWait }
        call.reply(GetResponse.miss)
        return false
      }
      guard loop.fetch([FetchKey(key, name)], for: call, serve: { self.serve($0) }) else {
        throw .handoverCallsExhausted(max: self.limits.handoverCallsMax)
      }
      return false
    }
  }

  // MARK: - Batches

  /// What a batch needs, and is not here.
  private struct Lack {
    var unsealed: [UInt64] = []
    var missing: [FetchKey] = []
  }

  /// Whether a batch is to be served now: what it needs of this node's keys is here, or does not come.
  /// If not, it waits.
  ///
  /// - Parameter gathered: what other nodes have done of it.
  /// - Throws: why the whole batch is refused; nothing was done.
  func hasArrived(
    _ request: borrowing KeyBatchRequest, _ namespace: NamespaceID, _ gathered: BatchCall?,
    _ call: borrowing UnaryCall
  ) throws(CacheError) -> Bool {
    guard let loop = self.cluster?.loops[call.loop], loop.hasArrivals,
      !self.servesAnyway(call, loop)
    else { return true }
    var lack = Lack()
    var index = -1
    var keys = request.keys.makeIterator()
    while let bytes = keys.next() {
      index += 1
      guard gathered?.isOwn(index) ?? true, self.isKey(bytes) else { continue }
      let key = StoreKey(
        namespace: namespace, bytes: bytes, hash: self.hash(bytes, namespace: request.namespace))
      self.look(for: key, request.namespace, needsEntry: true, call, loop, &lack)
    }
    return try self.isComplete(lack, isBegun: gathered != nil, call, loop)
  }

  /// As for keys. An item may name a namespace of its own.
  func hasArrived(
    _ request: borrowing SetManyRequest, _ namespace: NamespaceID, _ gathered: BatchCall?,
    _ call: borrowing UnaryCall
  ) throws(CacheError) -> Bool {
    guard let loop = self.cluster?.loops[call.loop], loop.hasArrivals,
      !self.servesAnyway(call, loop)
    else { return true }
    var lack = Lack()
    var index = -1
    var items = request.items.makeIterator()
    while let item = items.next() {
      index += 1
      guard gathered?.isOwn(index) ?? true, self.isKey(item.key),
        self.mayUse(item.namespace, call)
      else { continue }
      let name = item.namespace.isEmpty ? request.namespace : item.namespace
      let own = item.namespace.isEmpty ? namespace : self.store.namespaces.id(of: item.namespace)
      guard let own else { continue }
      let key = StoreKey(
        namespace: own, bytes: item.key, hash: self.hash(item.key, namespace: name))
      self.look(for: key, name, needsEntry: Self.needsEntry(item), call, loop, &lack)
    }
    return try self.isComplete(lack, isBegun: gathered != nil, call, loop)
  }

  /// Whether the bytes can be a key. Others are refused when their turn comes.
  func isKey(_ bytes: RawSpan) -> Bool {
    !bytes.isEmpty && bytes.byteCount <= self.limits.keyMaxBytes && UTF8Validation.isValid(bytes)
  }

  private func look(
    for key: borrowing StoreKey, _ name: RawSpan, needsEntry: Bool, _ call: borrowing UnaryCall,
    _ loop: LoopForwarder, _ lack: inout Lack
  ) {
    guard loop.table.otherOwner(of: key.hash) == nil else { return }
    switch self.arrival(of: key, needsEntry: needsEntry, call, loop) {
    case .here: break
    case .unsealed: lack.unsealed.append(key.hash)
    case .missing:
      if loop.wasFetched(key.hash) == nil { lack.missing.append(FetchKey(key, name)) }
    }
  }

  /// - Parameter isBegun: other nodes have done a part of the batch: the rest is not refused as a whole,
  ///   but key by key.
  private func isComplete(
    _ lack: Lack, isBegun: Bool, _ call: borrowing UnaryCall, _ loop: LoopForwarder
  ) throws(CacheError) -> Bool {
    var isFull = false
    if !lack.unsealed.isEmpty {
      switch loop.waitForSeal(of: lack.unsealed, call, serve: { self.serve($0) }) {
      case .waiting: return false
      case .over: break
      case .full: isFull = true
      }
    }
    if !lack.missing.isEmpty, !isFull {
      if loop.fetch(lack.missing, for: call, serve: { self.serve($0) }) { return false }
      isFull = true
    }
    if isFull, !isBegun { throw .handoverCallsExhausted(max: self.limits.handoverCallsMax) }
    return true
  }

  /// Refuses a key of a batch of which what is needed has not come. A read is refused only where another
  /// node may still serve the key; where those that had it do not answer it is a miss.
  func checkArrived(
    _ key: borrowing StoreKey, _ call: borrowing UnaryCall, isWrite: Bool, needsEntry: Bool,
    _ loop: LoopForwarder
  ) throws(CacheError) {
    if self.servesAnyway(call, loop) { return }
    switch self.arrival(of: key, needsEntry: needsEntry, call, loop) {
    case .here: return
    case .unsealed: throw .handoverWait
    case .missing: if isWrite { throw .handoverWait }
    }
  }

  /// Whether a key of a GetMany that this node owns is to be looked up in the store.
  func isReadable(
    _ key: borrowing StoreKey, _ call: borrowing UnaryCall, _ loop: LoopForwarder
  ) -> Bool {
    self.servesAnyway(call, loop)
      || self.arrival(of: key, needsEntry: true, call, loop) == .here
  }
}

extension FetchKey {
  init(_ key: borrowing StoreKey, _ name: RawSpan) {
    self.init(
      namespace: key.namespace, namespaceName: String(copyingUTF8: name),
      bytes: key.bytes.withUnsafeBytes { Array($0) }, hash: key.hash)
  }
}
