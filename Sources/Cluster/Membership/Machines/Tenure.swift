internal import Etcd

/// Counts this node's tenures: the times through which nobody else can have owned its keys without this
/// node seeing a ring by which they do. What the node holds from one tenure says nothing in the next. No
/// I/O and no clock.
///
/// etcd tells: a record that was deleted, be it by the end of its lease, and written again was made at
/// another revision. Where etcd's history is new all records are. The other nodes hold the loss of those
/// for a while, so that a node which is back before that has lost nothing.
///
/// What a watch has not shown, as etcd had compacted it before, may have been a ring on which a node that
/// is gone again had keys of this one.
struct Tenure {
  typealias Instant = ContinuousClock.Instant

  private struct Record: Equatable {
    let history: UInt64
    let made: Revision
  }

  /// Grows by one from each tenure to the next.
  private(set) var number: UInt64 = 0
  /// How long a node may be isolated before others own its keys in a new history.
  private let grace: Duration
  private var record: Record?
  private var isolatedSince: Instant?
  /// The longest time since `record` was seen last.
  private var isolatedFor: Duration = .zero

  init(grace: Duration) { self.grace = grace }

  /// The node is without a lease while others may have one, or is so no more.
  mutating func stands(isolated: Bool, _ now: Instant) {
    self.noteIsolation(now)
    self.isolatedSince = isolated ? self.isolatedSince ?? now : nil
  }

  /// The node's record is in etcd.
  ///
  /// - Parameters:
  ///   - made: the revision of its creation.
  ///   - history: which of etcd's histories that belongs to.
  mutating func registered(made: Revision, history: UInt64, _ now: Instant) {
    self.noteIsolation(now)
    let record = Record(history: history, made: made)
    if let last = self.record {
      let isOver = last.history == history ? last.made != made : self.isolatedFor >= self.grace
      if isOver { self.number += 1 }
    }
    self.record = record
    self.isolatedFor = .zero
  }

  /// Changes of the ring may not have been seen.
  mutating func missedChanges() { self.number += 1 }

  private mutating func noteIsolation(_ now: Instant) {
    guard let since = self.isolatedSince else { return }
    self.isolatedFor = max(self.isolatedFor, since.duration(to: now))
  }
}
