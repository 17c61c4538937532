/// How much one step of a scan may do. A step locks one shard once.
public struct ScanLimits: Sendable, Equatable {
  /// Items handed out.
  public var entriesMax: Int
  /// Key and value bytes handed out. A bucket that alone holds more is handed out whole.
  public var bytesMax: Int
  /// Buckets looked at, which bounds a step that finds nothing.
  public var bucketsMax: Int

  public init(entriesMax: Int = 512, bytesMax: Int = 256 << 10, bucketsMax: Int = 1024) {
    precondition(entriesMax > 0 && bytesMax > 0 && bucketsMax > 0, "a step must get somewhere")
    self.entriesMax = entriesMax
    self.bytesMax = bytesMax
    self.bucketsMax = bucketsMax
  }
}

/// What a scan hands out; a view that ends with the closure it is given to.
public struct ScanItem: ~Escapable {
  public let key: StoreKey
  public let version: Version
  public let content: Content

  /// What the store has under the key.
  public enum Content: ~Escapable {
    case entry(EntryView)
    /// A remembered delete.
    case tombstone
  }

  @_lifetime(immortal)
  init(_ entry: EntryReference, now: StoreTime) {
    // As with `EntryView`: the view ends before the lock does.
    self.key = entry.key
    self.version = entry.header.version
    self.content = entry.isTombstone ? .tombstone : .entry(EntryView(entry, now: now))
  }
}

/// Where a scan is. A plain value: any number of scans go on at once, and one may be dropped.
///
/// A scan walks every shard's table once for each band of recency, most recently used first, and
/// once more for what was used meanwhile:
///
/// - An entry that is not used during the scan stays in the band that it was in at the start, and
///   each pass visits each bucket, so it is seen in that band's pass.
/// - One that is used (or replaced) during the scan is seen in the last pass, and in the first if
///   it was used by then.
///
/// So an entry that is there throughout is seen at least once; a busy one maybe three times.
public struct ScanCursor: Sendable, Equatable {
  var pass = ScanBand.allCases.startIndex
  var shard = 0
  var bucket: UInt64 = 0
  /// By shard.
  let starts: [ScanStart]

  /// The share of the work that is done, from 0 to 1: passes and shards, not entries.
  public var progress: Double {
    Double(self.pass * self.starts.count + self.shard)
      / Double(ScanBand.allCases.count * self.starts.count)
  }
}

/// What a shard's recency looked like as a scan began.
struct ScanStart: Sendable, Equatable {
  /// Every use after the start has a later tick.
  let tick: UInt32
  /// The ticks that it takes to use each entry once.
  let ticksPerRound: UInt32
}

/// What each pass of a scan hands out.
enum ScanBand: CaseIterable {
  /// Used within the last half round, or since the start: most worth having early.
  case hot
  case warm
  case cold
  /// Used since the start, so possibly after its own band's pass.
  case usedMeanwhile

  func includes(tick: UInt32, _ start: ScanStart) -> Bool {
    // Ticks wrap; the difference read as signed is right for uses up to 2^31 ticks (5 x 10^11 uses)
    // apart. An entry older than that counts as used since the start, and is seen all the same.
    let age = Int32(bitPattern: start.tick &- tick)
    let round = Int32(clamping: start.ticksPerRound)
    return switch self {
    case .hot: age <= round / 2
    case .warm: age > round / 2 && age / 2 <= round
    case .cold: age > round / 2 && age / 2 > round
    case .usedMeanwhile: age < 0
    }
  }
}

/// Where a drop is.
public struct DropCursor: Sendable, Equatable {
  var shard = 0
  var bucket: UInt64 = 0

  public init() {}
}

/// What a sweep did.
public struct SweepResult: Sendable, Equatable {
  /// Buckets looked at.
  public internal(set) var buckets = 0
  /// Entries removed because their time was up.
  public internal(set) var expired = 0
}
