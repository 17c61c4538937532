internal import GRPC
internal import NIOCore
internal import Wire

// Leases, one call at a time. To keep a registration alive use `LeaseKeeper`.
extension EtcdClient {
  /// Grants a lease that lasts for `ttl`, in whole seconds, unless it is kept alive. etcd makes one
  /// longer that is shorter than its elections take.
  public func grantLease(
    ttl: Duration, id: LeaseID = .none
  ) async throws(EtcdError) -> LeaseGrantResponse {
    let request = LeaseGrantRequest(ttlSeconds: max(1, ttl.wholeSeconds), id: id)
    let response: LeaseGrantResponse = try await self.call(.leaseGrant, request)
    guard response.error.isEmpty, response.ttlSeconds > 0 else {
      throw EtcdError(.refused, "etcd grants no lease: \(response.error)")
    }
    return response
  }

  /// Ends a lease, and the keys that are tied to it. One that has ended already is no error.
  public func revoke(_ lease: LeaseID, timeout: Duration? = nil) async throws(EtcdError) {
    do throws(EtcdError) {
      let _: LeaseRevokeResponse = try await self.call(
        .leaseRevoke, LeaseRequest(lease), timeout: timeout)
    } catch {
      guard error.reason == .leaseNotFound else { throw error }
    }
  }

  /// What is left of a lease; nil: there is no such lease.
  public func timeToLive(
    of lease: LeaseID, wantsKeys: Bool = false
  ) async throws(EtcdError) -> LeaseTimeToLiveResponse? {
    let response: LeaseTimeToLiveResponse = try await self.call(
      .leaseTimeToLive, LeaseTimeToLiveRequest(lease, wantsKeys: wantsKeys))
    return response.ttlSeconds < 0 ? nil : response
  }

  /// Keeps a lease alive, once.
  ///
  /// - Returns: until when it may be relied on.
  /// - Throws: `leaseNotFound` where there is none, any more.
  public func keepAlive(
    _ lease: LeaseID
  ) async throws(EtcdError) -> ContinuousClock.Instant {
    let stream = try await self.open(.leaseKeepAlive)
    let sent = ContinuousClock.now
    let timer = Task {
      try await Task.sleep(for: self.configuration.attemptTimeout)
      stream.call.cancel()
    }
    defer { timer.cancel() }
    do {
      try await stream.call.send(ByteBuffer(bytes: LeaseRequest(lease).serialized()))
      var answers = stream.call.messages.makeAsyncIterator()
      guard let answer = try await answers.next() else {
        throw Status(.unavailable, "etcd ended the call without an answer")
      }
      let response = try LeaseKeepAliveResponse(decoding: answer.readableBytesSpan)
      guard response.ttlSeconds > 0 else {
        throw EtcdError(.leaseNotFound, "etcd knows no lease \(lease)")
      }
      return sent + .seconds(response.ttlSeconds)
    } catch {
      throw await self.ended(stream, error)
    }
  }

  /// What the end of a stream means. Leaves its endpoint where that is to blame, and has its token
  /// replaced where etcd has refused it.
  func ended(_ stream: EtcdStream, _ error: any Error) async -> EtcdError {
    if let error = error as? EtcdError { return error }
    let name = "etcd \(self.endpoints.endpoints[stream.index])"
    guard let status = error as? Status else {
      return EtcdError(.malformedAnswer, "\(name): malformed protobuf: \(error)")
    }
    let text = "\(name): \(status)"
    if Task.isCancelled { return EtcdError(.cancelled, "the task was cancelled") }
    switch CallRemedy(status) {
    case .askAnother, .askAnotherIfRepeatable:
      self.endpoints.failed(stream.index, "\(status)")
      return EtcdError(.unavailable, text)
    case .renewToken:
      await self.refused(stream.token)
      return EtcdError(.unauthenticated, text)
    case .fail(let reason): return EtcdError(reason, text)
    }
  }
}

extension Duration {
  /// Rounded up.
  var wholeSeconds: Int64 {
    let (seconds, attoseconds) = self.components
    return attoseconds > 0 ? seconds + 1 : seconds
  }
}
