/// A lock that at most one lease holds at a time. Whoever holds it may lose it with the lease, so that
/// what must not be done by two is done in transactions with the place's `isHeld` among their conditions, or
/// with its revision as a fencing token.
public struct EtcdLock: Sendable {
  private let line: WaitLine

  /// - Parameter name: a prefix of keys that is the lock's alone.
  public init(_ client: EtcdClient, name: String) {
    self.line = WaitLine(client, name: name)
  }

  /// Waits for the lock, and takes it. Locking twice with one lease is locking once. A task that is
  /// cancelled while it waits leaves the line. Needs the client's `run`.
  public func acquire(_ lease: LeaseID) async throws(EtcdError) -> LinePlace {
    self.line.client.farewells.enter()
    defer { self.line.client.farewells.leave() }
    let place = try await self.line.join(lease, value: [])
    do throws(EtcdError) {
      try await self.line.waitForFront(place)
    } catch {
      await self.line.abandon(place)
      throw error
    }
    return place
  }

  /// Gives the lock back.
  public func release(_ place: LinePlace) async throws(EtcdError) {
    try await self.line.leave(place)
  }
}
