internal import CacheStore
internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

extension CacheService {
  /// In groups of keys: the store reads each group together, shard by shard, and the answers go into the
  /// reply in the order of the keys.
  func getMany(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: GetManyRequest
    do { request = try GetManyRequest(decoding: call.message) } catch { throw CacheError(error) }
    try self.checkBatch(request.keys.count)
    let namespace = try self.namespace(request.namespace, call)
    if self.scatter(.getMany, request, call) { return }
    let gathered = self.gathered(call)
    guard try self.hasArrived(request, namespace, gathered, call) else { return }
    let isStale = self.isIsolated(call)
    let (message, keeper) = (call.message, self.batchResults[call.loop])
    var results = keeper.take()
    let now = self.clock.time(of: call)
    var keys = request.keys.makeIterator()
    var group = KeyGroup()
    var done = 0
    var isFull = false
    while done < request.keys.count {
      group.removeAll()
      while !group.isFull, let bytes = keys.next() {
        guard let place = message.byteOffsets(of: bytes) else {
          preconditionFailure("the keys of a message are in it")
        }
        let isOwn = gathered?.isOwn(done + group.count) ?? true
        group.append(
          place, hash: isOwn ? self.ownHash(bytes, namespace, request.namespace, call) : nil)
      }
      if !isFull {
        results.begin(group.count)
        self.store.read(group, in: message, namespace, now: now) {
          results.set($0, $1, isStale: isStale)
        }
      }
      for index in 0..<group.count {
        if isFull {
          Self.append(GetResult.deferred, to: call)
        } else if group.isRead(index) {
          isFull = !self.append(results, index, to: call)
        } else if let gathered, !gathered.isOwn(done + index) {
          isFull = !self.appendGathered(gathered, done + index, to: call)
        } else {
          let bytes = message.extracting(group.place(index))
          isFull = !self.appendRefusal(of: bytes, namespace, request.namespace, to: call)
        }
      }
      done += group.count
      results.end()
    }
    keeper.put(results)
    call.finish()
  }

  /// The hash of a key that the store here is to be asked for; nil: `appendRefusal` knows why not.
  private func ownHash(
    _ bytes: RawSpan, _ namespace: NamespaceID, _ name: RawSpan, _ call: borrowing UnaryCall
  ) -> UInt64? {
    guard self.isKey(bytes) else { return nil }
    let hash = self.hash(bytes, namespace: name)
    guard let loop = self.cluster?.loops[call.loop] else { return hash }
    guard loop.table.otherOwner(of: hash) == nil else { return nil }
    guard loop.hasArrivals else { return hash }
    let key = StoreKey(namespace: namespace, bytes: bytes, hash: hash)
    return self.isReadable(key, call, loop) ? hash : nil
  }

  /// Appends what the store has said; false where the reply is too full for it, and the key is deferred.
  private func append(
    _ results: borrowing BatchResults, _ index: Int, to call: borrowing UnaryCall
  ) -> Bool {
    switch results[index] {
    case .absent:
      Self.append(GetResult.miss, to: call)
      return true
    case .encoded(let place):
      guard self.hasRoom(for: place.count, in: call) else { break }
      call.append(size: place.count) { results.write(place, into: &$0) }
      return true
    case .pinned(let number):
      // Copied here, outside the shard's lock.
      let (info, extent) = results.pinned[number]
      let size = GetManyResponse.hitSize(info, valueSize: extent.byteCount)
      guard self.hasRoom(for: size, in: call) else { break }
      call.append(size: size) { output in
        GetManyResponse.encodeHitPrefix(info, valueSize: extent.byteCount, into: &output)
        output.append(bytes: extent.bytes)
        info.encodeSuffix(into: &output)
      }
      return true
    }
    Self.append(GetResult.deferred, to: call)
    return false
  }

  private func hasRoom(for bytes: Int, in call: borrowing UnaryCall) -> Bool {
    call.appendedBytes + bytes <= self.limits.batchReplyMaxBytes
  }

  /// Appends what another node has said about its key; false where the reply is too full for it, and
  /// it is deferred.
  private func appendGathered(
    _ batch: BatchCall, _ key: Int, to call: borrowing UnaryCall
  ) -> Bool {
    let isAppended = self.appendGathered(
      batch, key, to: call, max: self.limits.batchReplyMaxBytes,
      failed: { self.appendIfRoom(GetResult.error($0), to: call) })
    if !isAppended { Self.append(GetResult.deferred, to: call) }
    return isAppended
  }

  /// Appends why a key is refused; false where the reply is too full for it, and it is deferred.
  private func appendRefusal(
    of bytes: RawSpan, _ namespace: NamespaceID, _ name: RawSpan, to call: borrowing UnaryCall
  ) -> Bool {
    var isAppended = false
    do throws(CacheError) {
      guard UTF8Validation.isValid(bytes) else { throw .notUTF8 }
      let key = try self.key(bytes, namespace, name)
      try self.checkOwner(key, call, isWrite: false)
      // What is here of it is not to be trusted, and those that had it do not answer.
      Self.append(GetResult.miss, to: call)
      isAppended = true
    } catch {
      error.withItem { isAppended = self.appendIfRoom(GetResult.error($0), to: call) }
    }
    if !isAppended { Self.append(GetResult.deferred, to: call) }
    return isAppended
  }

  private func appendIfRoom(
    _ result: borrowing GetResult, to call: borrowing UnaryCall
  ) -> Bool {
    var counter = SizeCounter()
    GetManyResponse.encode(result: result, into: &counter)
    guard self.hasRoom(for: counter.size, in: call) else { return false }
    Self.append(result, to: call)
    return true
  }

  private static func append(_ result: borrowing GetResult, to call: borrowing UnaryCall) {
    var counter = SizeCounter()
    GetManyResponse.encode(result: result, into: &counter)
    call.append(size: counter.size) { GetManyResponse.encode(result: result, into: &$0) }
  }
}

extension CacheError {
  /// Calls `body` with the error as an item of a batch carries it.
  func withItem(_ body: (borrowing ItemError) -> Void) {
    let (reason, message) = (self.reason, self.message)
    body(
      ItemError(
        code: Int32(self.code.rawValue), reason: reason.utf8Span.span.bytes,
        message: message.utf8Span.span.bytes))
  }
}
