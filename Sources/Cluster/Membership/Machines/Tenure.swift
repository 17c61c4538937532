internal import Etcd

/// Counts this node's tenures: the times through which nobody else can have owned its keys without this
/// node seeing a ring by which they do. What the node holds from one tenure says nothing in the next. No
/// I/O.
///
/// etcd tells: a record that was deleted, be it by the end of its lease, and written again was made at
/// another revision. Where etcd's history is new, all records are; the other nodes hold the loss of
/// those, so that a node whose lease was good all the time has lost nothing.
struct Tenure {
  private struct Record: Equatable {
    let history: UInt64
    let made: Revision
  }

  /// Grows by one from each tenure to the next.
  private(set) var number: UInt64 = 0
  private var record: Record?
  private var wasIsolated = false

  /// The node was without a lease while others may have had one.
  mutating func isolated() { self.wasIsolated = true }

  /// The node's record is in etcd.
  ///
  /// - Parameters:
  ///   - made: the revision of its creation.
  ///   - history: which of etcd's histories that belongs to.
  mutating func registered(made: Revision, history: UInt64) {
    let record = Record(history: history, made: made)
    if let last = self.record {
      let isOver = last.history == history ? last.made != made : self.wasIsolated
      if isOver { self.number += 1 }
    }
    self.record = record
    self.wasIsolated = false
  }
}
