internal import CacheStore
internal import Synchronization

/// All migrations under way on a node, in both directions: what operators see of them, and the means by
/// which they steer them. Also has the one throttle of all that the node sends, and counts what was
/// handed over since it started.
///
/// May be used on any thread.
public final class MigrationRegister: Sendable {
  struct State {
    var throttle: MigrationThrottle
    /// Somebody waits to leave.
    var isHurried = false
    /// Whether migrations are paused whose peer is not among the exceptions.
    var pausesByDefault = false
    /// Ids of peers with whom it is the other way round.
    var exceptions: Set<String> = []
    /// By the number of their track.
    var migrations: [Int: Migration] = [:]
    var nextNumber = 0
    var counts = HandoverCounts()

    /// Of the work.
    var speed: WorkPace.Speed {
      if self.throttle.bytesPerSecond == 0 { return .full }
      return self.isHurried ? .hurried : .gentle
    }

    /// A stream of the same migration that its peer has left for another one is here until it ends.
    /// Where it is cancelled, the peer has not been told: that comes after the end.
    func isCancelled(
      _ direction: MigrationDirection, _ peer: MemberProcess, _ arcs: ArcSet
    ) -> Bool {
      self.migrations.values.contains {
        $0.isCancelled && $0.direction == direction && $0.track.peer == peer
          && !$0.arcs.intersection(arcs).isEmpty
      }
    }

    func isPaused(_ peer: String) -> Bool {
      self.pausesByDefault != self.exceptions.contains(peer)
    }
  }

  struct Migration {
    let track: MigrationTrack
    let direction: MigrationDirection
    let arcs: ArcSet
    let start: ContinuousClock.Instant
    var meter: ByteMeter
    var traffic = HandoverCounts.Traffic()
    var donePermille = 0
    var isCancelled = false
  }

  let state: Mutex<State>
  /// Does the work of all migrations, in both directions.
  let executor: PacedExecutor

  /// - Parameter bytesPerSecond: at which the node sends, all migrations together; 0: as fast as it goes.
  public init(bytesPerSecond: Int) {
    self.state = Mutex(State(throttle: MigrationThrottle(bytesPerSecond: bytesPerSecond)))
    self.executor = PacedExecutor(bytesPerSecond == 0 ? .full : .gentle)
  }

  // MARK: - Steering

  /// At which the node sends, all migrations together; 0: as fast as it goes.
  public var bytesPerSecond: Int { self.state.withLock { $0.throttle.bytesPerSecond } }

  /// Has the node send at another rate from now on.
  ///
  /// - Parameter bytesPerSecond: not negative; 0: as fast as it goes.
  public func setRate(_ bytesPerSecond: Int) {
    self.change { state in
      state.throttle.setRate(bytesPerSecond, now: .now)
      self.executor.setSpeed(state.speed)
    }
  }

  /// Somebody leaves, and its time is short: calls have to bear more of the work than otherwise.
  func setHurried(_ isHurried: Bool) {
    self.state.withLock { state in
      state.isHurried = isHurried
      self.executor.setSpeed(state.speed)
    }
  }

  /// Pauses the migrations with a peer, in both directions: those under way, and those that begin before
  /// they are resumed. Calls are served meanwhile; what is not here yet is fetched.
  ///
  /// - Parameter peer: id of the other node; nil: all nodes.
  public func pause(_ peer: String? = nil) { self.setPaused(true, peer) }

  /// Lets migrations go on.
  ///
  /// - Parameter peer: id of the other node; nil: all nodes, also those that were paused by name.
  public func resume(_ peer: String? = nil) { self.setPaused(false, peer) }

  private func setPaused(_ isPaused: Bool, _ peer: String?) {
    self.change { state in
      guard let peer else {
        state.pausesByDefault = isPaused
        state.exceptions = []
        return
      }
      if isPaused == state.pausesByDefault {
        state.exceptions.remove(peer)
      } else {
        state.exceptions.insert(peer)
      }
    }
  }

  /// Ends the migrations with a peer that are under way, in both directions: what was not moved yet is
  /// not moved any more. Either end hears that it was cancelled, not that the other one was lost.
  ///
  /// - Parameter peer: id of the other node; nil: all nodes.
  /// - Returns: how many were under way.
  @discardableResult
  public func cancel(_ peer: String? = nil) -> Int {
    self.change { state in
      var cancelled = 0
      for (number, migration) in state.migrations
      where (peer == nil || migration.track.peer.id == peer) && !migration.isCancelled {
        state.migrations[number]?.isCancelled = true
        cancelled += 1
      }
      return cancelled
    }
  }

  /// Changes what migrations go by, and has all of them look at it.
  private func change<Result>(_ change: (inout State) -> Result) -> Result {
    let (result, tracks) = self.state.withLock { state in
      (change(&state), state.migrations.values.map(\.track))
    }
    for track in tracks { track.wakeup.wake() }
    return result
  }

  // MARK: - Showing

  /// What is under way now, the oldest first, and what was done since the node started.
  public func snapshot() -> MigrationsSnapshot { self.snapshot(now: .now) }

  func snapshot(now: ContinuousClock.Instant) -> MigrationsSnapshot {
    self.state.withLock { state in
      MigrationsSnapshot(
        bytesPerSecond: state.throttle.bytesPerSecond, pausesAll: state.pausesByDefault,
        migrations: state.migrations.sorted { $0.key < $1.key }.map { _, migration in
          MigrationSnapshot(
            migration, isPaused: state.isPaused(migration.track.peer.id), now: now)
        },
        counts: state.counts)
    }
  }

  // MARK: - For those who move entries

  /// A stream of a migration begins. It is shown until its track is ended. It is cancelled from the
  /// beginning where it follows one that is, and has not ended yet.
  ///
  /// - Parameters:
  ///   - arcs: what it is about.
  ///   - wakeup: woken when the migration is to look at its order, or at the throttle.
  func begin(
    _ direction: MigrationDirection, _ peer: MemberProcess, _ arcs: ArcSet, wakeup: Wakeup
  ) -> MigrationTrack {
    self.state.withLock { state in
      state.nextNumber += 1
      let track = MigrationTrack(state.nextNumber, peer, direction, wakeup, in: self)
      let now = ContinuousClock.now
      state.migrations[state.nextNumber] = Migration(
        track: track, direction: direction, arcs: arcs, start: now, meter: ByteMeter(start: now),
        isCancelled: state.isCancelled(direction, peer, arcs))
      return track
    }
  }

  /// Takes what a batch will have from the throttle; `MigrationThrottle.take(_:now:)`.
  func take(_ bytes: Int) -> Duration? {
    self.state.withLock { $0.throttle.take(bytes, now: .now) }
  }

  /// Puts back what was taken and not sent.
  func giveBack(_ bytes: Int) { self.state.withLock { $0.throttle.giveBack(bytes) } }

  /// What the throttle would have a batch have at most; nil: anything.
  var batchBytes: Int? { self.state.withLock { $0.throttle.batchBytes } }

  func count(_ change: (inout HandoverCounts) -> Void) {
    self.state.withLock { change(&$0.counts) }
  }
}
