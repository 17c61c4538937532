/// How entries write times in few bits: counted from the shard's beginning of time.
///
/// A deadline takes 32 bits, milliseconds since the shard's clock was started. A version takes 48:
///
/// ```
///  47                               12 11           0
/// ┌───────────────────────────────────┬──────────────┐
/// │ milliseconds since `versionEpoch` │ counter      │
/// └───────────────────────────────────┴──────────────┘
/// ```
///
/// That is enough for two years, of which half a one lies before the start, for entries from a
/// snapshot or from other nodes, and for 4096 writes in a millisecond. What does not fit makes an
/// entry "wide": it has both in full.
struct EntryTime {
  /// On the monotonic clock, in milliseconds.
  private(set) var deadlineEpoch: UInt64 = 0
  /// As a version whose counter is 0; before the start no version is after it.
  private(set) var versionEpoch = UInt64.max

  private static let pastMilliseconds: UInt64 = 1 << 34
  private static let millisecondBits: UInt64 = 36
  private static let counterBits: UInt64 = 12
  private static let counterMask: UInt64 = 1 << counterBits - 1
  /// Of a `Version`.
  private static let versionCounterBits: UInt64 = 16

  init() {}

  init(startingAt now: StoreTime) {
    let past = min(now.wallMilliseconds, Self.pastMilliseconds)
    self.deadlineEpoch = now.monotonicMilliseconds
    self.versionEpoch = Version(wallMilliseconds: now.wallMilliseconds - past).rawValue
  }

  // MARK: Versions

  /// Whether `narrow` has room for the version.
  func fits(_ version: Version) -> Bool {
    guard version.rawValue >= self.versionEpoch else { return false }
    let milliseconds = (version.rawValue - self.versionEpoch) >> Self.versionCounterBits
    let counter = version.rawValue & (1 << Self.versionCounterBits - 1)
    return milliseconds >> Self.millisecondBits == 0 && counter <= Self.counterMask
  }

  /// Of a version that fits: 48 bits.
  func narrow(_ version: Version) -> UInt64 {
    let milliseconds = (version.rawValue - self.versionEpoch) >> Self.versionCounterBits
    return milliseconds << Self.counterBits | version.rawValue & Self.counterMask
  }

  /// What `narrow` was given.
  @inline(__always)
  func version(_ narrow: UInt64) -> Version {
    let milliseconds = (narrow >> Self.counterBits) << Self.versionCounterBits
    // Modulo 2^64 for a slot that holds no version; what `narrow` was given does not overflow.
    return Version(rawValue: self.versionEpoch &+ milliseconds | narrow & Self.counterMask)
  }

  // MARK: Deadlines

  /// In 32 bits; no deadline fits, too.
  func fits(deadline: UInt64) -> Bool {
    if deadline == Expiry.noDeadline { return true }
    guard deadline >= self.deadlineEpoch else { return false }
    return deadline - self.deadlineEpoch < UInt64(UInt32.max)
  }

  /// Of a deadline that fits.
  func narrow(deadline: UInt64) -> UInt32 {
    deadline == Expiry.noDeadline ? .max : UInt32(deadline - self.deadlineEpoch)
  }

  /// What `narrow` was given.
  @inline(__always)
  func deadline(_ narrow: UInt32) -> UInt64 {
    narrow == .max ? Expiry.noDeadline : self.deadlineEpoch + UInt64(narrow)
  }
}
