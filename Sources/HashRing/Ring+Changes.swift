/// A range of hashes whose owners one ring and the next do not agree on.
public struct RingChange: Sendable, Hashable {
  /// Where.
  public internal(set) var arc: RingArc
  /// Indexes into the nodes of the old ring.
  public let oldOwners: OwnerList
  /// Indexes into the nodes of the new ring.
  public let newOwners: OwnerList
}

extension Ring {
  /// What changes owners between `old` and this ring, by ascending ends of the arcs.
  ///
  /// Owners are compared by the ids of their nodes, in order: that a primary and its replica change
  /// places is a change, and so is another `ownersPerKey`. The arcs do not overlap, and two that
  /// touch differ in their owners.
  ///
  /// Takes a walk along the points of both rings, and 64 bytes for each change.
  public func changes(from old: Ring) -> [RingChange] {
    let newIndexes = Self.indexes(of: old.nodes, in: self.nodes)
    var before = OwnerCursor(old)
    var after = OwnerCursor(self)
    var changes: [RingChange] = []
    var previous = UInt64.max
    // Between two positions that follow each other neither ring changes owners. The last is that
    // of the sentinels, the largest hash, whether a point lies there or not.
    repeat {
      let position = min(before.position, after.position)
      let change = RingChange(
        arc: RingArc(after: previous, through: position),
        oldOwners: before.owners, newOwners: after.owners)
      if !change.oldOwners.lazy.map({ newIndexes[$0] }).elementsEqual(change.newOwners) {
        changes.extend(with: change)
      }
      before.move(past: position)
      after.move(past: position)
      previous = position
    } while previous < .max
    changes.joinEnds()
    return changes
  }

  /// For each of `nodes` the index of the same node in `others`, or -1.
  private static func indexes(of nodes: [RingNode], in others: [RingNode]) -> [Int] {
    var indexes: [String: Int] = [:]
    for (index, node) in others.enumerated() { indexes[node.id] = index }
    return nodes.map { indexes[$0.id] ?? -1 }
  }
}

/// Goes along the points of a ring, of those at one position to the first.
private struct OwnerCursor {
  private let ring: Ring
  private var index = 0

  init(_ ring: Ring) { self.ring = ring }

  var position: UInt64 { self.ring.points[self.index].position }

  /// Who owns the hashes from behind the point before up to this one.
  var owners: OwnerList { self.ring.owners(at: self.index) }

  /// Goes on to the first point behind the position, unless it stands there already. No point lies
  /// behind the largest hash.
  mutating func move(past position: UInt64) {
    guard position < .max else { return }
    while self.position == position { self.index += 1 }
  }
}

extension [RingChange] {
  /// Appends the change, or lengthens the last by it if they touch and have the same owners.
  fileprivate mutating func extend(with change: RingChange) {
    if let last = self.last, last.arc.through == change.arc.after, last.isAlike(change) {
      self[self.count - 1].arc.through = change.arc.through
    } else {
      self.append(change)
    }
  }

  /// Makes one change of the first and the last, if they touch across 0 and have the same owners.
  fileprivate mutating func joinEnds() {
    guard self.count > 1, let first = self.first, let last = self.last,
      last.arc.through == first.arc.after, last.isAlike(first)
    else { return }
    self[0].arc.after = last.arc.after
    self.removeLast()
  }
}

extension RingChange {
  fileprivate func isAlike(_ other: Self) -> Bool {
    self.oldOwners == other.oldOwners && self.newOwners == other.newOwners
  }
}
