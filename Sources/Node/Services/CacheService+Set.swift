internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import Wire

extension CacheService {
  func set(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: SetRequest
    do { request = try SetRequest(decoding: call.message) } catch { throw CacheError(error) }
    let namespace = try self.namespace(request.namespace, call)
    call.reply(
      try self.set(request, namespace, request.namespace, self.clock.time(of: call)))
  }

  func setMany(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: SetManyRequest
    do { request = try SetManyRequest(decoding: call.message) } catch { throw CacheError(error) }
    try self.checkBatch(request.items.count)
    // An item's own namespace is checked with the item; the batch's is wrong for all of them.
    let namespace = try self.namespace(request.namespace, call)
    let now = self.clock.time(of: call)
    var items = request.items.makeIterator()
    while let item = items.next() {
      do throws(CacheError) {
        if item.namespace.isEmpty {
          let stored = try self.set(item, namespace, request.namespace, now)
          Self.append(SetResult.ok(stored), to: call)
        } else {
          let own = try self.namespace(item.namespace, call)
          let stored = try self.set(item, own, item.namespace, now)
          Self.append(SetResult.ok(stored), to: call)
        }
      } catch {
        error.withItem { Self.append(SetResult.error($0), to: call) }
      }
    }
    call.finish()
  }

  private func set(
    _ request: borrowing SetRequest, _ namespace: NamespaceID, _ name: RawSpan, _ now: StoreTime
  ) throws(CacheError) -> SetResponse {
    let key = try self.key(request.key, namespace, name)
    try self.checkValue(request.value.byteCount, in: namespace)
    let outcome = self.store.write(
      key, value: request.value, flags: request.flags, condition: try Self.condition(request),
      expiry: try self.expiry(request.expiry, in: namespace), now: now)
    switch outcome {
    case .stored(let version): return SetResponse(isStored: true, version: version.rawValue)
    case .conditionFailed(let current):
      return SetResponse(isStored: false, version: current.rawValue)
    case .valueTooLarge:
      throw .valueTooLarge(bytes: request.value.byteCount, max: self.limits.valueMaxBytes)
    case .noSpace: throw .memoryExhausted
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
