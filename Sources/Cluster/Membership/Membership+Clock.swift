internal import CacheStore
internal import Etcd
internal import Logging

// Keeps the cluster's clock ahead of its versions.
extension Membership {
  /// How often versions are compared with the floor, which is 10 s ahead.
  private static let clockInterval: Duration = .seconds(1)

  /// Between two looks at a cluster's clock that is behind this node's.
  private static let clockPause: Duration = .milliseconds(500)

  /// Has versions begin above all that the cluster has drawn. Tries until etcd answers.
  ///
  /// - Returns: false where the task was cancelled.
  func passClockFloor() async throws(MembershipError) -> Bool {
    var failures = 0
    var aheadSince: ContinuousClock.Instant?
    while !Task.isCancelled {
      var floor = ClockFloorMachine()
      let ahead: UInt64?
      do throws(EtcdError) {
        try await self.read(into: &floor)
        ahead = try await self.lead(over: floor)
      } catch {
        failures += 1
        self.warn(unreachable: error)
        let delay = Self.backoff.delay(afterFailures: failures, chance: .random(in: -1...1))
        guard await Self.sleep(delay) else { return false }
        continue
      }
      if let ahead {
        // Where all have been away, etcd's clock is as old as that, and may have their records for as long
        // as a lease lasts.
        let since = aheadSince ?? .now
        guard since.duration(to: .now) < self.configuration.leaseTTL * 2 else {
          throw MembershipError.clockAhead(
            key: self.keys.clock, aheadMilliseconds: ahead,
            maxMilliseconds: self.clockSkewMaxMilliseconds)
        }
        if aheadSince == nil {
          self.logger.warning(
            "this machine's clock is far ahead of the cluster's; waiting for that",
            metadata: ["key": "\(self.keys.clock)", "ahead-ms": "\(ahead)"])
        }
        aheadSince = since
        guard await Self.sleep(Self.clockPause) else { return false }
        continue
      }
      guard self.follow(floor) else {
        let (milliseconds, wall) = (floor.milliseconds ?? 0, WallClock.milliseconds())
        throw MembershipError.clockBehind(
          key: self.keys.clock, aheadMilliseconds: milliseconds - min(wall, milliseconds),
          maxMilliseconds: self.clockSkewMaxMilliseconds)
      }
      // Before the first version is drawn: whoever takes over from a node that dies soon begins there.
      do throws(EtcdError) {
        try await self.raise(&floor)
      } catch {
        self.logger.warning(
          "cannot raise the cluster's clock in etcd", metadata: ["error": "\(error)"])
        failures += 1
        let delay = Self.backoff.delay(afterFailures: failures, chance: .random(in: -1...1))
        guard await Self.sleep(delay) else { return false }
        continue
      }
      return true
    }
    return false
  }

  /// By how much this machine's clock is ahead of the floor, where that is too much, and others are there
  /// that would have raised it. A node that took part like this would raise it for all, and none of the
  /// others could start again.
  private func lead(over floor: ClockFloorMachine) async throws(EtcdError) -> UInt64? {
    let (wall, floor) = (WallClock.milliseconds(), floor.milliseconds ?? 0)
    guard floor > 0, wall > floor, wall - floor > self.clockSkewMaxMilliseconds else { return nil }
    let own = self.keys.node(self.configuration.member.id)
    let found = try await self.etcd.list(self.keys.watched)
    let hasOthers = found.keyValues.contains { keyValue in
      guard case .node = self.keys.meaning(of: keyValue.key) else { return false }
      return keyValue.keyText != own
    }
    return hasOthers ? wall - floor : nil
  }

  /// Raises the floor before versions reach it. While etcd is away they go past it, which matters only
  /// to nodes that start before this one reaches etcd again, and they cannot start without it.
  func keepClockFloor() async {
    var floor = ClockFloorMachine()
    repeat {
      do throws(EtcdError) {
        try await self.raise(&floor)
      } catch {
        floor = ClockFloorMachine()
        self.logger.debug("cannot raise the cluster's clock", metadata: ["error": "\(error)"])
      }
    } while await Self.sleep(Self.clockInterval)
  }

  /// Has versions from now on be newer than all that nodes which have left the cluster may have given
  /// out: for a node that takes keys of theirs over.
  ///
  /// - Parameter timeout: after which it goes on without, as where etcd is away again.
  public func passClock(timeout: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = await Self.sleep(timeout) }
      group.addTask {
        do throws(EtcdError) {
          var floor = ClockFloorMachine()
          try await self.read(into: &floor)
          guard self.follow(floor) else {
            self.logger.error(
              "the cluster's clock in etcd is too far ahead and is not followed",
              metadata: ["key": "\(self.keys.clock)", "clock-ms": "\(floor.milliseconds ?? 0)"])
            return
          }
          // As at a start: this node may be the next to die.
          try await self.raise(&floor)
        } catch {
          guard !Task.isCancelled else { return }
          self.logger.notice(
            "cannot read the cluster's clock in etcd", metadata: ["error": "\(error)"])
        }
      }
      await group.next()
      group.cancelAll()
    }
  }

  /// - Returns: false where the floor is too far ahead.
  private func follow(_ floor: ClockFloorMachine) -> Bool {
    self.clock.merge(
      Version(wallMilliseconds: floor.milliseconds ?? 0),
      wallMilliseconds: WallClock.milliseconds(),
      skewMaxMilliseconds: self.clockSkewMaxMilliseconds)
  }

  private func raise(_ floor: inout ClockFloorMachine) async throws(EtcdError) {
    let newest = self.clock.newest.milliseconds
    while !Task.isCancelled {
      switch floor.next(newest: newest, wall: WallClock.milliseconds()) {
      case .wait: return
      case .read: try await self.read(into: &floor)
      case .raise(let milliseconds, let revision):
        let key = Array(self.keys.clock.utf8)
        let response = try await self.etcd.transact(
          Transaction(
            if: [Compare(.key(key), .equal, .modRevision(Revision(rawValue: revision)))],
            then: [.put(PutRequest(key, Array("\(milliseconds)".utf8)))]))
        guard response.hasSucceeded else {
          // Another node was faster; what it wrote is mostly enough.
          try await self.read(into: &floor)
          continue
        }
        floor.found(milliseconds, revision: response.header.revision.rawValue)
      }
    }
  }

  private func read(into floor: inout ClockFloorMachine) async throws(EtcdError) {
    let keyValue = try await self.etcd.get(self.keys.clock)
    let milliseconds = keyValue.flatMap { UInt64(digits: $0.value) }
    if let keyValue, milliseconds == nil {
      self.logger.warning(
        "the cluster's clock in etcd is no number, and is written anew",
        metadata: ["key": "\(keyValue.keyText)"])
    }
    floor.found(milliseconds, revision: keyValue?.modRevision.rawValue ?? 0)
  }

  private var clockSkewMaxMilliseconds: UInt64 {
    let (seconds, attoseconds) = self.configuration.clockSkewMax.components
    return UInt64(max(0, seconds)) * 1_000 + UInt64(max(0, attoseconds) / 1_000_000_000_000_000)
  }
}
