// What etcd says of itself.
extension EtcdClient {
  /// How often an endpoint could not be reached, did not answer, or gave a stream up, since the client was
  /// made.
  public var failures: Int { self.endpoints.failures }

  /// The members, as they know each other.
  public func members() async throws(EtcdError) -> [Member] {
    let response: MemberListResponse = try await self.call(.memberList, EmptyRequest())
    return response.members
  }

  /// How each configured endpoint is doing; asks all of them, at once.
  public func statuses() async -> [EndpointStatus] {
    let snapshot = self.endpoints.snapshot()
    return await withTaskGroup(of: (Int, Result<MemberStatus, EtcdError>).self) { group in
      for index in self.endpoints.endpoints.indices {
        group.addTask { (index, await self.status(index)) }
      }
      var statuses: [Int: EndpointStatus] = [:]
      for await (index, result) in group {
        statuses[index] = EndpointStatus(
          endpoint: self.endpoints.endpoints[index], isCurrent: index == snapshot.current,
          failures: snapshot.failures[index], member: result)
      }
      return self.endpoints.endpoints.indices.compactMap { statuses[$0] }
    }
  }

  private func status(_ index: Int) async -> Result<MemberStatus, EtcdError> {
    do throws(EtcdError) {
      let attempt = CallAttempt(
        .status, at: index, of: self.endpoints, token: try await self.token(),
        by: .now + self.configuration.attemptTimeout,
        timeoutMax: self.configuration.attemptTimeout)
      switch await attempt.make([]) {
      case .answered(let response): return .success(try attempt.decode(response))
      case .failed(let error, _): return .failure(error)
      }
    } catch {
      return .failure(error)
    }
  }
}

/// One configured endpoint, for those who look after the cluster.
public struct EndpointStatus: Sendable {
  /// As it is configured.
  public let endpoint: EtcdEndpoint
  /// Calls go there at present.
  public let isCurrent: Bool
  /// In a row, before it was asked for its status.
  public let failures: Int
  /// What it answered.
  public let member: Result<MemberStatus, EtcdError>
}
