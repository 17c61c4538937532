import CacheStore
import Testing

@testable import Cluster

private let wall: UInt64 = 1_760_000_000_000

@Suite struct ClockFloorMachineTests {
  @Test func `the floor is read before it is raised`() {
    var machine = ClockFloorMachine()
    #expect(machine.next(newest: 0, wall: wall) == .read && machine.milliseconds == nil)
    machine.found(nil, revision: 0)
    #expect(
      machine.next(newest: 0, wall: wall) == .raise(to: wall + 10_000, ifUnchangedSince: 0))
  }

  @Test func `the floor is raised when the wall clock has come half way`() {
    var machine = ClockFloorMachine()
    machine.found(wall + 10_000, revision: 7)
    #expect(machine.next(newest: wall, wall: wall + 5_000) == .wait)
    #expect(
      machine.next(newest: wall, wall: wall + 5_001)
        == .raise(to: wall + 15_001, ifUnchangedSince: 7))
  }

  @Test func `a clock that is ahead of the wall, as another node's was, is kept below the floor`() {
    var machine = ClockFloorMachine()
    machine.found(wall + 10_000, revision: 7)
    let newest = wall + 60_000
    #expect(
      machine.next(newest: newest, wall: wall)
        == .raise(to: newest + 200, ifUnchangedSince: 7))
  }

  @Test func `a node that starts again and again does not drive the clock away from the wall`() {
    var floor = wall + 10_000
    // A hundred starts in a second, each of which begins above the floor and raises it.
    for _ in 0..<100 {
      var machine = ClockFloorMachine()
      machine.found(floor, revision: 1)
      if case .raise(let raised, _) = machine.next(newest: floor, wall: wall) { floor = raised }
    }
    #expect(floor == wall + 30_000)
  }

  @Test func `versions begin above the floor`() {
    let clock = VersionClock()
    let floor = Version(wallMilliseconds: wall + 10_000)
    #expect(clock.merge(floor, wallMilliseconds: wall, skewMaxMilliseconds: 3_600_000))
    #expect(clock.next(wallMilliseconds: wall) > floor)
  }

  @Test func `a clock is taken over up to the skew allowed, and not beyond`() {
    let clock = VersionClock()
    let most = Version(wallMilliseconds: wall + 3_600_000)
    let more = Version(wallMilliseconds: wall + 3_600_001)
    #expect(!clock.merge(more, wallMilliseconds: wall, skewMaxMilliseconds: 3_600_000))
    #expect(clock.newest == .none)
    #expect(clock.merge(most, wallMilliseconds: wall, skewMaxMilliseconds: 3_600_000))
    #expect(clock.newest == most)
    // One that is behind changes nothing.
    #expect(clock.merge(.none, wallMilliseconds: wall, skewMaxMilliseconds: 0))
    #expect(clock.newest == most)
    #expect(clock.merge(more, wallMilliseconds: 1, skewMaxMilliseconds: .max))
  }
}
