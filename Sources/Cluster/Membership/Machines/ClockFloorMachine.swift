/// Keeps the clock in etcd ahead of all versions that nodes give out, so that a node which starts can
/// begin above them, whatever its wall clock says. No I/O and no clock. All times are in milliseconds
/// since 1970, as versions count them.
///
/// What is written stays 10 s ahead of the wall clock, but only a fraction of a second ahead of a version
/// that is ahead of the wall itself: one that begins above the floor would otherwise push it 10 s on with
/// every start, and a node that restarts in a loop would drive the whole cluster's clock into the future.
struct ClockFloorMachine {
  /// What the caller does next.
  enum Step: Equatable {
    /// Ask for the key; answered with `found`.
    case read
    /// Write it unless it was changed since; answered with `found`, done or not.
    case raise(to: UInt64, ifUnchangedSince: Int64)
    /// Nothing before versions have come closer.
    case wait
  }

  /// How far above the wall clock the floor is put.
  static let wallLead: UInt64 = 10_000
  /// How far above a version that is ahead of the wall clock. Versions count on by a millisecond for
  /// every 65,536 writes; this is enough for 13 million of them between two looks.
  static let versionLead: UInt64 = 200

  private var floor: (milliseconds: UInt64, revision: Int64)?

  /// The floor; nil: it is not known.
  var milliseconds: UInt64? { self.floor?.milliseconds }

  /// The key as etcd has it.
  ///
  /// - Parameters:
  ///   - milliseconds: nil where there is no such key, or it says nothing that can be understood.
  ///   - revision: when it was changed last; 0: there is none.
  mutating func found(_ milliseconds: UInt64?, revision: Int64) {
    self.floor = (milliseconds ?? 0, revision)
  }

  /// What is to be done now.
  ///
  /// - Parameters:
  ///   - newest: the newest version that this node has given out or seen.
  ///   - wall: this node's wall clock.
  func next(newest: UInt64, wall: UInt64) -> Step {
    guard let floor = self.floor else { return .read }
    let least = max(wall + Self.wallLead / 2, newest + Self.versionLead / 2)
    guard floor.milliseconds < least else { return .wait }
    return .raise(
      to: max(wall + Self.wallLead, newest + Self.versionLead), ifUnchangedSince: floor.revision)
  }
}
