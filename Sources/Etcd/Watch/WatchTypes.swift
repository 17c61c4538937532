/// By which a client knows one of its watches, whatever stream it is on.
struct WatchID: RawRepresentable, Hashable, Sendable {
  let rawValue: UInt64
}

/// Changes of watched keys, in order. All changes of one revision are in the same batch.
public struct WatchBatch: Hashable, Sendable {
  /// Never empty.
  public let events: [WatchEvent]

  /// Of the last event; a watch that is begun anew goes on at the next.
  public var revision: Revision { self.events.last?.keyValue.modRevision ?? .current }

  /// What the events hold, and about what they themselves take.
  var bytes: Int {
    self.events.reduce(0) { sum, event in
      let previous = event.previous.map { $0.key.count + $0.value.count } ?? 0
      return sum + event.keyValue.key.count + event.keyValue.value.count + previous + 128
    }
  }
}

/// Why a watch shows nothing more.
public enum WatchEnd: Error, Hashable, Sendable {
  /// What it should show next is forgotten, from before this revision on. List the keys, and watch from
  /// the list's revision on.
  case compacted(at: Revision)
  /// etcd was restarted empty or restored from a backup: it is at `found`, and has shown `seen` before,
  /// or it is another etcd altogether. What was known of the old one may never have been. List the
  /// keys.
  case newHistory(seen: Revision, found: Revision)
  /// etcd, or the client, does not serve it.
  case cancelled(reason: String)
}

extension WatchEnd: CustomStringConvertible {
  public var description: String {
    switch self {
    case .compacted(let revision): "the watch was overtaken by a compaction at \(revision)"
    case .newHistory(let seen, let found):
      "etcd has another history: it is at revision \(found), and was at \(seen)"
    case .cancelled(let reason): "the watch was cancelled: \(reason)"
    }
  }
}
