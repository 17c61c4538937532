internal import Glibc

/// What the process as a whole has used.
struct ProcessUsage: Equatable {
  /// User and system time.
  var cpuNanoseconds: Int64 = 0
  /// 0 where there is no /proc.
  var residentBytes: UInt64 = 0

  init() {}

  /// What it is now.
  static func current() -> Self {
    var usage = Self()
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    usage.cpuNanoseconds = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    usage.residentBytes = Self.readResidentBytes()
    return usage
  }

  /// The second field of /proc/self/statm, in pages.
  private static func readResidentBytes() -> UInt64 {
    guard let statm = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(statm) }
    var text = [CChar](repeating: 0, count: 128)
    guard fgets(&text, Int32(text.count), statm) != nil else { return 0 }
    let fields = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      .split(separator: " ")
    guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
