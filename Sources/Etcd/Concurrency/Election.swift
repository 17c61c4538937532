/// Finds one leader among those that want to be it. A leader may stop being it with its lease, so that what
/// only a leader may do is done in transactions with the place's `isHeld` among their conditions.
public struct Election: Sendable {
  private let line: WaitLine

  /// - Parameter name: a prefix of keys that is the election's alone.
  public init(_ client: EtcdClient, name: String) {
    self.line = WaitLine(client, name: name)
  }

  /// Waits until the caller is the leader. A task that is cancelled while it waits stands no more.
  /// Needs the client's `run`.
  ///
  /// - Parameter value: what others are told of the leader.
  public func campaign(_ lease: LeaseID, value: String) async throws(EtcdError) -> LinePlace {
    self.line.client.farewells.enter()
    defer { self.line.client.farewells.leave() }
    let place = try await self.line.join(lease, value: Array(value.utf8))
    do throws(EtcdError) {
      try await self.line.waitForFront(place)
    } catch {
      await self.line.abandon(place)
      throw error
    }
    return place
  }

  /// Changes what others are told, without a new election.
  ///
  /// - Throws: `leaseNotFound` where the caller is not the leader any more.
  public func proclaim(
    _ place: LinePlace, _ lease: LeaseID, value: String
  ) async throws(EtcdError) {
    try await self.line.rewrite(place, Array(value.utf8), lease)
  }

  /// The leader; nil: there is none.
  public func leader() async throws(EtcdError) -> KeyValue? {
    var request = RangeRequest(.prefix(self.line.prefix))
    request.sortOrder = .ascending
    request.sortTarget = .createRevision
    request.limit = 1
    return try await self.line.client.range(request).keyValues.first
  }

  /// Steps down.
  public func resign(_ place: LinePlace) async throws(EtcdError) {
    try await self.line.leave(place)
  }
}
