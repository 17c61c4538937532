internal import CacheStore
internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

extension CacheService {
  func set(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: SetRequest
    do { request = try SetRequest(decoding: call.message) } catch { throw CacheError(error) }
    let namespace = try self.namespace(request.namespace, call)
    let key = try self.key(request.key, namespace, request.namespace)
    guard
      try self.isHere(
        key, request.namespace, call, .set, needsEntry: Self.needsEntry(request))
    else { return }
    call.reply(try self.set(request, key, self.clock.time(of: call)))
  }

  func setMany(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: SetManyRequest
    do { request = try SetManyRequest(decoding: call.message) } catch { throw CacheError(error) }
    try self.checkBatch(request.items.count)
    // An item's own namespace is checked with the item; the batch's is wrong for all of them.
    let namespace = try self.namespace(request.namespace, call)
    if self.scatter(request, call) { return }
    let gathered = self.gathered(call)
    guard try self.hasArrived(request, namespace, gathered, call) else { return }
    let now = self.clock.time(of: call)
    var index = -1
    var items = request.items.makeIterator()
    while let item = items.next() {
      index += 1
      if let gathered, !gathered.isOwn(index) {
        _ = self.appendGathered(gathered, index, to: call) { error in
          Self.append(SetResult.error(error), to: call)
          return true
        }
        continue
      }
      do throws(CacheError) {
        if item.namespace.isEmpty {
          let key = try self.key(item.key, namespace, request.namespace)
          try self.checkOwner(key, call, needsEntry: Self.needsEntry(item))
          Self.append(SetResult.ok(try self.set(item, key, now)), to: call)
        } else {
          let own = try self.namespace(item.namespace, call)
          let key = try self.key(item.key, own, item.namespace)
          try self.checkOwner(key, call, needsEntry: Self.needsEntry(item))
          Self.append(SetResult.ok(try self.set(item, key, now)), to: call)
        }
      } catch {
        error.withItem { Self.append(SetResult.error($0), to: call) }
      }
    }
    call.finish()
  }

  private func set(
    _ request: borrowing SetRequest, _ key: borrowing StoreKey, _ now: StoreTime
  ) throws(CacheError) -> SetResponse {
    try self.checkValue(request.value.byteCount, in: key.namespace)
    let outcome = self.store.write(
      key, value: request.value, flags: request.flags, condition: try Self.condition(request),
      expiry: try self.expiry(request.expiry, in: key.namespace), now: now)
    switch outcome {
    case .stored(let version): return SetResponse(isStored: true, version: version.rawValue)
    case .conditionFailed(let current):
      return SetResponse(isStored: false, version: current.rawValue)
    case .valueTooLarge:
      throw .valueTooLarge(bytes: request.value.byteCount, max: self.limits.valueMaxBytes)
    case .noSpace: throw .memoryExhausted
    }
  }

  /// What the request does depends on what there is under the key.
  static func needsEntry(_ request: borrowing SetRequest) -> Bool {
    switch request.condition {
    // Version 0 is refused, whatever there is.
    case .always, .ifVersion(0): return false
    case .ifAbsent, .ifPresent, .ifVersion: return true
    }
  }

  private static func condition(
    _ request: borrowing SetRequest
  ) throws(CacheError) -> WriteCondition {
    switch request.condition {
    case .always: return .none
    case .ifAbsent: return .ifAbsent
    case .ifPresent: return .ifPresent
    case .ifVersion(0): throw .conditionInvalid
    case .ifVersion(let version): return .ifVersion(Version(rawValue: version))
    }
  }

  private static func append(_ result: borrowing SetResult, to call: borrowing UnaryCall) {
    var counter = SizeCounter()
    SetManyResponse.encode(result: result, into: &counter)
    call.append(size: counter.size) { SetManyResponse.encode(result: result, into: &$0) }
  }
}
