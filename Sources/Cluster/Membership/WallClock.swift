internal import Glibc

/// The wall clock, as versions count it.
enum WallClock {
  /// Since 1970-01-01 UTC; 0 before that.
  static func milliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(max(0, Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000))
  }
}
