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
    guard try self.isHere(key, request.namespace, call, .get) else { return }
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
