internal import CacheStore
internal import Synchronization

/// Where the migrations of a node are, so that one whose stream has broken goes on behind the last batch
/// that its heir has. Also sees to it that of two streams of one migration only the newer one goes on.
final class MigrationLedger: Sendable {
  /// One migration, whatever the number of its streams.
  struct Key: Hashable, Sendable {
    let heir: MemberProcess
    let arcs: ArcSet
  }

  /// Behind one batch.
  struct Point: Sendable {
    let place: MigrationScan.Place
    /// Of keys and values, until there.
    let contentBytes: Int
  }

  private struct Page {
    /// By the number of the batch: that which was acknowledged last, and all that were sent after it.
    var points: [UInt64: Point] = [:]
    var stream: ObjectIdentifier
    var supersede: @Sendable () -> Void
    /// The lower, the longer it was not used.
    var usedAt: Int
  }

  private struct State {
    var pages: [Key: Page] = [:]
    var uses = 0
  }

  /// Migrations remembered; beyond it the one that rested longest begins anew if its heir comes back.
  static let pagesMax = 64

  private let state = Mutex(State())

  /// A stream begins. One that goes on with the same migration is told that it is superseded.
  ///
  /// - Parameters:
  ///   - after: the last batch that the heir has.
  ///   - supersede: ends the stream; called when another one begins.
  /// - Returns: where to go on; nil: from the beginning.
  func begin(
    _ key: Key, after: UInt64, _ stream: ObjectIdentifier,
    supersede: @escaping @Sendable () -> Void
  ) -> Point? {
    let (point, earlier) = self.state.withLock { state in
      let page = state.pages[key]
      let point = after == 0 ? nil : page?.points[after]
      state.uses += 1
      state.pages[key] = Page(
        points: point.map { [after: $0] } ?? [:], stream: stream,
        supersede: supersede, usedAt: state.uses)
      if state.pages.count > Self.pagesMax,
        let oldest = state.pages.min(by: { $0.value.usedAt < $1.value.usedAt })
      {
        state.pages[oldest.key] = nil
      }
      return (point, page?.supersede)
    }
    earlier?()
    return point
  }

  /// A batch is about to be sent.
  func note(_ number: UInt64, _ point: Point, _ key: Key, of stream: ObjectIdentifier) {
    self.change(key, of: stream) { $0.points[number] = point }
  }

  /// The heir has the batch, and will never ask for one before it.
  func acknowledged(_ number: UInt64, _ key: Key, of stream: ObjectIdentifier) {
    self.change(key, of: stream) { page in
      page.points = page.points.filter { $0.key >= number }
    }
  }

  /// The stream is over; the migration may go on in another.
  func rests(_ key: Key, of stream: ObjectIdentifier) {
    self.change(key, of: stream) { $0.supersede = {} }
  }

  /// The migration is over.
  func end(_ key: Key, of stream: ObjectIdentifier) {
    self.state.withLock { state in
      guard state.pages[key]?.stream == stream else { return }
      state.pages[key] = nil
    }
  }

  private func change(
    _ key: Key, of stream: ObjectIdentifier, _ change: (inout Page) -> Void
  ) {
    self.state.withLock { state in
      guard var page = state.pages[key], page.stream == stream else { return }
      change(&page)
      state.pages[key] = page
    }
  }
}
