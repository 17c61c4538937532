internal import CacheStore
internal import Glibc
internal import GRPC
internal import NIOCore
internal import Synchronization

/// Turns the one clock reading of a batch, which is monotonic, into the two that the store wants.
///
/// The distance between the clocks is measured anew by `adjust`, on a timer; in between, the wall
/// clock is taken to run as the monotonic one does.
final class NodeClock: Sendable {
  private let wallOffsetMilliseconds: Atomic<Int64>

  init() {
    self.wallOffsetMilliseconds = Atomic(Self.measure())
  }

  /// The time of the batch that `call` came in.
  func time(of call: borrowing UnaryCall) -> StoreTime { self.time(call.now) }

  func time(_ now: NIODeadline) -> StoreTime {
    let monotonic = Int64(now.uptimeNanoseconds / 1_000_000)
    let wall = monotonic + self.wallOffsetMilliseconds.load(ordering: .relaxed)
    return StoreTime(
      monotonicMilliseconds: UInt64(monotonic), wallMilliseconds: UInt64(max(wall, 0)))
  }

  /// Follows steps and drift of the wall clock.
  func adjust() {
    self.wallOffsetMilliseconds.store(Self.measure(), ordering: .relaxed)
  }

  /// Since 1970.
  static func wallNanoseconds() -> Int64 {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    return Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
  }

  private static func measure() -> Int64 {
    Self.wallNanoseconds() / 1_000_000
      - Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
  }
}
