internal import CacheStore
internal import GRPC
internal import NIOCore

// What stands between a caller and a namespace, where the operator has put anything there.
extension CacheService {
  /// Refuses the call if its caller may not use the namespace, or the namespace has no call left.
  ///
  /// - Parameters:
  ///   - id: nil: the node does not know `name`.
  func checkGuards(
    _ id: NamespaceID?, _ name: RawSpan, _ call: borrowing UnaryCall
  ) throws(CacheError) {
    if self.isAccessControlled {
      let caller = call.principal
      // Without a caller nothing is allowed, though authentication lets no such call through.
      guard let caller, caller.mayUse(id) else {
        throw .namespaceDenied(Self.shortened(name), caller: caller?.name ?? "nobody")
      }
    }
    // A call that is served again was counted when it came in.
    guard let id, !self.isServedAgain(call) else { return }
    if let refusal = self.namespaces.rateLimit(of: id).take(now: call.now) {
      call.count(.rateLimit)
      throw .rateLimited(
        Self.shortened(name), perSecond: refusal.perSecond, retryDelay: refusal.delay)
    }
  }

  /// Whether the caller may use the namespace that an item of a batch names. Other nodes, which may own
  /// its key, do not ask.
  func mayUse(_ name: RawSpan, _ call: borrowing UnaryCall) -> Bool {
    // The batch's own was checked with the batch.
    guard self.isAccessControlled, !name.isEmpty else { return true }
    return call.principal?.mayUse(self.store.namespaces.id(of: name)) ?? false
  }
}
