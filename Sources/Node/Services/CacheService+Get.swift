internal import CacheStore
internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

extension CacheService {
  func get(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: GetRequest
    do { request = try GetRequest(decoding: call.message) } catch { throw CacheError(error) }
    let namespace = try self.namespace(request.namespace, call)
    let key = try self.key(request.key, namespace, request.namespace)
    guard try self.isHere(key.hash, call, .get) else { return }
    let isStale = self.isIsolated(call)
    var pinned: (HitInfo, Extent)?
    let hit: Void? = self.store.read(key, now: self.clock.time(of: call)) { entry in
      let info = HitInfo(entry, isStale: isStale)
      if let extent = entry.extent {
        pinned = (info, extent)
      } else {
        Self.reply(call, info, entry.value)
      }
    }
    guard hit != nil else { return call.reply(GetResponse.miss) }
    // Outside the shard's lock: it may be compressed, or refused for want of room.
    if let (info, extent) = pinned { Self.reply(call, info, extent) }
  }

  /// A small value: straight from the store into the reply, under the shard's lock.
  private static func reply(_ call: borrowing UnaryCall, _ info: HitInfo, _ value: RawSpan) {
    call.reply(size: GetResponse.hitSize(info, valueSize: value.byteCount)) { output in
      GetResponse.encodeHitPrefix(info, valueSize: value.byteCount, into: &output)
      output.append(bytes: value)
      info.encodeSuffix(into: &output)
    }
  }

  /// A large value: pinned now, and copied as the client takes it.
  private static func reply(_ call: borrowing UnaryCall, _ info: HitInfo, _ extent: Extent) {
    var head = SizeCounter()
    GetResponse.encodeHitPrefix(info, valueSize: extent.byteCount, into: &head)
    let size = GetResponse.hitSize(info, valueSize: extent.byteCount)
    call.reply(
      headSize: head.size,
      { GetResponse.encodeHitPrefix(info, valueSize: extent.byteCount, into: &$0) },
      // The extent owns these bytes, and the reply keeps the extent.
      value: extent.bytes.withUnsafeBytes { $0 }, owner: extent,
      tailSize: size - head.size - extent.byteCount,
      { info.encodeSuffix(into: &$0) })
  }

  func getMany(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: GetManyRequest
    do { request = try GetManyRequest(decoding: call.message) } catch { throw CacheError(error) }
    try self.checkBatch(request.keys.count)
    let namespace = try self.namespace(request.namespace, call)
    if self.scatter(.getMany, request, call) { return }
    let gathered = self.gathered(call)
    let isStale = self.isIsolated(call)
    let now = self.clock.time(of: call)
    var isFull = false
    var index = -1
    var keys = request.keys.makeIterator()
    while let bytes = keys.next() {
      index += 1
      if isFull {
        Self.append(GetResult.deferred, to: call)
        continue
      }
      if let gathered, !gathered.isOwn(index) {
        isFull = !self.appendGathered(gathered, index, to: call)
        continue
      }
      do throws(CacheError) {
        guard UTF8Validation.isValid(bytes) else { throw .notUTF8 }
        let key = try self.key(bytes, namespace, request.namespace)
        try self.checkOwner(key.hash, call, isWrite: false)
        isFull = !self.appendEntry(key, now, isStale: isStale, to: call)
      } catch {
        isFull = !self.appendRefusal(error, to: call)
      }
    }
    call.finish()
  }

  /// Appends one entry, or a miss; false where the reply is too full for it, and the key is deferred.
  private func appendEntry(
    _ key: borrowing StoreKey, _ now: StoreTime, isStale: Bool, to call: borrowing UnaryCall
  ) -> Bool {
    var isFull = false
    var pinned: (HitInfo, Extent)?
    let hit: Void? = self.store.read(key, now: now) { entry in
      let info = HitInfo(entry, isStale: isStale)
      let size = GetManyResponse.hitSize(info, valueSize: entry.value.byteCount)
      if call.appendedBytes + size > self.limits.batchReplyMaxBytes {
        isFull = true
      } else if let extent = entry.extent {
        pinned = (info, extent)
      } else {
        Self.append(info, entry.value, size: size, to: call)
      }
    }
    // Large values are copied here, outside the shard's lock.
    if let (info, extent) = pinned {
      let size = GetManyResponse.hitSize(info, valueSize: extent.byteCount)
      Self.append(info, extent.bytes, size: size, to: call)
    }
    if hit == nil { Self.append(GetResult.miss, to: call) }
    if isFull { Self.append(GetResult.deferred, to: call) }
    return !isFull
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
  private func appendRefusal(_ error: CacheError, to call: borrowing UnaryCall) -> Bool {
    var isAppended = false
    error.withItem { isAppended = self.appendIfRoom(GetResult.error($0), to: call) }
    if !isAppended { Self.append(GetResult.deferred, to: call) }
    return isAppended
  }

  private func appendIfRoom(
    _ result: borrowing GetResult, to call: borrowing UnaryCall
  ) -> Bool {
    var counter = SizeCounter()
    GetManyResponse.encode(result: result, into: &counter)
    guard call.appendedBytes + counter.size <= self.limits.batchReplyMaxBytes else {
      return false
    }
    Self.append(result, to: call)
    return true
  }

  private static func append(
    _ info: HitInfo, _ value: RawSpan, size: Int, to call: borrowing UnaryCall
  ) {
    call.append(size: size) { output in
      GetManyResponse.encodeHitPrefix(info, valueSize: value.byteCount, into: &output)
      output.append(bytes: value)
      info.encodeSuffix(into: &output)
    }
  }

  private static func append(_ result: borrowing GetResult, to call: borrowing UnaryCall) {
    var counter = SizeCounter()
    GetManyResponse.encode(result: result, into: &counter)
    call.append(size: counter.size) { GetManyResponse.encode(result: result, into: &$0) }
  }
}

extension HitInfo {
  init(_ entry: borrowing EntryView, isStale: Bool) {
    let ttlMilliseconds: UInt64
    switch entry.expiry {
    case .never: ttlMilliseconds = 0
    case .after(let milliseconds): ttlMilliseconds = milliseconds
    }
    self.init(
      version: entry.version.rawValue, ttlMilliseconds: ttlMilliseconds, flags: entry.flags,
      isStale: isStale)
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
