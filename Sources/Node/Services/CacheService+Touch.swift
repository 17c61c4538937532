internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import Wire

extension CacheService {
  func touch(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: TouchRequest
    do { request = try TouchRequest(decoding: call.message) } catch { throw CacheError(error) }
    let namespace = try self.namespace(request.namespace, call)
    let key = try self.key(request.key, namespace, request.namespace)
    guard try self.isHere(key, request.namespace, call, .touch) else { return }
    let version = self.store.touch(
      key, expiry: try self.expiry(request.expiry, in: namespace),
      now: self.clock.time(of: call))
    call.reply(TouchResponse(isFound: version != nil, version: version?.rawValue ?? 0))
  }
}
