internal import Glibc
internal import NIOCore
internal import Wire

/// Turns monotonic times into those of the wall, by the distance between the two clocks now.
struct ChannelzClock {
  /// Of the wall, in nanoseconds since 1970, at `now`.
  let wallNanoseconds: Int64
  let now: NIODeadline

  init(wallNanoseconds: Int64, now: NIODeadline) {
    self.wallNanoseconds = wallNanoseconds
    self.now = now
  }

  /// Reads both clocks.
  init() {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    self.init(
      wallNanoseconds: Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec), now: .now())
  }

  func timestamp(_ time: NIODeadline) -> ChannelzTimestamp {
    ChannelzTimestamp(nanoseconds: self.wallNanoseconds - (self.now - time).nanoseconds)
  }
}

/// `google.protobuf.Timestamp`.
struct ChannelzTimestamp: WireMessage {
  /// Since 1970; not before.
  let nanoseconds: Int64

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    let nanoseconds = max(0, self.nanoseconds)
    sink.int64(field: 1, nanoseconds / 1_000_000_000)
    sink.int32(field: 2, Int32(nanoseconds % 1_000_000_000))
  }
}
