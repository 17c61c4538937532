internal import CacheStore
internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

extension CacheService {
  func delete(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: DeleteRequest
    do { request = try DeleteRequest(decoding: call.message) } catch { throw CacheError(error) }
    let namespace = try self.namespace(request.namespace, call)
    let key = try self.key(request.key, namespace, request.namespace)
    guard try self.isHere(key, request.namespace, call, .delete) else { return }
    call.reply(self.delete(key, ifVersion: request.ifVersion, self.clock.time(of: call)))
  }

  func deleteMany(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: DeleteManyRequest
    do {
      request = try DeleteManyRequest(decoding: call.message)
    } catch { throw CacheError(error) }
    try self.checkBatch(request.keys.count)
    let namespace = try self.namespace(request.namespace, call)
    if self.scatter(.deleteMany, request, call) { return }
    let gathered = self.gathered(call)
    guard try self.hasArrived(request, namespace, gathered, call) else { return }
    let now = self.clock.time(of: call)
    var index = -1
    var keys = request.keys.makeIterator()
    while let bytes = keys.next() {
      index += 1
      if let gathered, !gathered.isOwn(index) {
        _ = self.appendGathered(gathered, index, to: call) { error in
          Self.append(DeleteResult.error(error), to: call)
          return true
        }
        continue
      }
      do throws(CacheError) {
        guard UTF8Validation.isValid(bytes) else { throw .notUTF8 }
        let key = try self.key(bytes, namespace, request.namespace)
        try self.checkOwner(key, call)
        Self.append(DeleteResult.ok(self.delete(key, ifVersion: 0, now)), to: call)
      } catch {
        error.withItem { Self.append(DeleteResult.error($0), to: call) }
      }
    }
    call.finish()
  }

  /// - Parameter ifVersion: 0: any.
  private func delete(
    _ key: borrowing StoreKey, ifVersion: UInt64, _ now: StoreTime
  ) -> DeleteResponse {
    let condition = ifVersion == 0 ? nil : Version(rawValue: ifVersion)
    switch self.store.delete(key, ifVersion: condition, now: now) {
    case .deleted(let version): return DeleteResponse(isDeleted: true, version: version.rawValue)
    case .absent: return DeleteResponse()
    case .versionMismatch(let current): return DeleteResponse(version: current.rawValue)
    }
  }

  private static func append(_ result: borrowing DeleteResult, to call: borrowing UnaryCall) {
    var counter = SizeCounter()
    DeleteManyResponse.encode(result: result, into: &counter)
    call.append(size: counter.size) { DeleteManyResponse.encode(result: result, into: &$0) }
  }
}
