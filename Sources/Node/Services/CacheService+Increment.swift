internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import Wire

extension CacheService {
  func increment(_ call: borrowing UnaryCall) throws(CacheError) {
    let request: IncrementRequest
    do { request = try IncrementRequest(decoding: call.message) } catch { throw CacheError(error) }
    let namespace = try self.namespace(request.namespace, call)
    let key = try self.key(request.key, namespace, request.namespace)
    guard try self.isHere(key, request.namespace, call, .increment) else { return }
    let expiry = try self.expiry(request.expiry, in: namespace)
    do {
      let sum = try self.store.increment(
        key, by: request.delta, initial: request.initial, expiry: expiry,
        now: self.clock.time(of: call))
      call.reply(IncrementResponse(value: sum.value, version: sum.version.rawValue))
    } catch {
      switch error {
      case .notANumber: throw .notANumber
      case .overflow: throw .overflow
      case .noSpace: throw .memoryExhausted
      }
    }
  }
}
