internal import CacheStore
internal import Etcd
internal import Logging

// Keeps the cluster's clock ahead of its versions.
extension Membership {
  /// How often versions are compared with the floor, which is 10 s ahead.
  private static let clockInterval: Duration = .seconds(1)

  /// Has versions begin above all that the cluster has drawn. Tries until etcd answers.
  ///
  /// - Returns: false where the task was cancelled.
  func passClockFloor() async throws(MembershipError) -> Bool {
    var failures = 0
    while !Task.isCancelled {
      var floor = ClockFloorMachine()
      do throws(EtcdError) {
        try await self.read(into: &floor)
      } catch {
        failures += 1
        self.logger.warning(
          "cannot read the cluster's clock in etcd", metadata: ["error": "\(error)"])
        let delay = Self.backoff.delay(afterFailures: failures, chance: .random(in: -1...1))
        guard await Self.sleep(delay) else { return false }
        continue
      }
      guard self.follow(floor) else {
        let (milliseconds, wall) = (floor.milliseconds ?? 0, WallClock.milliseconds())
        throw MembershipError.clockBehind(
          key: self.keys.clock, aheadMilliseconds: milliseconds - min(wall, milliseconds),
          maxMilliseconds: self.clockSkewMaxMilliseconds)
      }
      return true
    }
    return false
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
          if !self.follow(floor) {
            self.logger.error(
              "the cluster's clock in etcd is too far ahead and is not followed",
              metadata: ["key": "\(self.keys.clock)", "clock-ms": "\(floor.milliseconds ?? 0)"])
          }
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
