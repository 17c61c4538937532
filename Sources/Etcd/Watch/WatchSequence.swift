/// The changes of watched keys, for one reader. Ends with a `WatchEnd`, or without one when the reading
/// task is cancelled or the client stops. A watch that nobody holds any more is cancelled.
public struct WatchSequence: AsyncSequence, Sendable {
  /// What was changed at once.
  public typealias Element = WatchBatch
  /// Why nothing follows.
  public typealias Failure = WatchEnd

  let subscription: WatchSubscription

  /// The one reader.
  public func makeAsyncIterator() -> Iterator { Iterator(subscription: self.subscription) }

  /// A position in the changes.
  public struct Iterator: AsyncIteratorProtocol {
    let subscription: WatchSubscription

    /// The next changes, once there are any; nil: none will follow.
    public mutating func next() async throws(WatchEnd) -> WatchBatch? {
      try await self.subscription.next()
    }

    /// The next changes, once there are any; nil: none will follow.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(WatchEnd) -> WatchBatch? {
      try await self.subscription.next()
    }
  }
}

/// Tells the hub when nobody reads a watch any more.
final class WatchSubscription: Sendable {
  private let id: WatchID
  private let mailbox: WatchMailbox
  private let hub: WatchHub

  init(_ id: WatchID, _ mailbox: WatchMailbox, _ hub: WatchHub) {
    self.id = id
    self.mailbox = mailbox
    self.hub = hub
  }

  deinit { self.hub.remove(self.id) }

  func next() async throws(WatchEnd) -> WatchBatch? {
    try await self.mailbox.next { self.hub.drained(self.id) }.get()
  }
}
