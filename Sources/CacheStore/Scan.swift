/// How much one step of a scan may do. A step locks one shard once.
public struct ScanLimits: Sendable, Equatable {
  /// Items handed out.
  public var entriesMax: Int
  /// Key and value bytes handed out. A bucket that alone holds more is handed out whole.
  public var bytesMax: Int
  /// Buckets looked at, which bounds a step that finds nothing.
  public var bucketsMax: Int

  public init(entriesMax: Int = 512, bytesMax: Int = 256 << 10, bucketsMax: Int = 256) {
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
  init(_ entry: EntryHandle, hash: UInt64, in memory: EntryMemory, now: StoreTime) {
    // As with `EntryView`: the view ends before the lock does.
    self.key = memory.key(entry, hash: hash)
    self.version = memory.version(entry)
    self.content =
      memory.form(entry).isTombstone
      ? .tombstone : .entry(EntryView(entry, in: memory, now: now))
  }
}

/// Where a scan is. A plain value: any number of scans go on at once, and one may be dropped.
///
/// A scan walks every shard's index twice: for the entries that their policy holds for valuable, and
/// for all others. In the second walk an entry is left out only if it has been valuable since before
/// the scan began: then the first walk has seen it. An entry that came in or became valuable since then
/// is handed out, if need be again.
///
/// So an entry that is there throughout is seen at least once; a busy one maybe twice.
public struct ScanCursor: Sendable, Equatable {
  var pass = ScanBand.allCases.startIndex
  var shard = 0
  var bucket: UInt64 = 0
  /// By shard.
  let starts: [ScanStart]

  /// The next step hands out entries that their policy holds for those most worth having.
  public var isAtValuable: Bool { ScanBand.allCases[self.pass] == .valuable }

  /// The share of the work that is done, from 0 to 1: passes and shards, not entries.
  public var progress: Double {
    Double(self.pass * self.starts.count + self.shard)
      / Double(ScanBand.allCases.count * self.starts.count)
  }
}

/// When a scan began, as the shard counts it.
struct ScanStart: Sendable, Equatable {
  let epoch: UInt8

  /// Whether an entry with the low four bits of an epoch got it after the scan had begun. After
  /// fifteen more scans that cannot be told any more, and yes is the answer that loses nothing.
  func isAfter(_ bits: UInt8, current: UInt8) -> Bool {
    // Both differences are modulo the size of the counters.
    let scans = current &- self.epoch
    guard scans < 15 else { return true }
    return (current &- bits) & 15 <= scans
  }
}

/// What each pass of a scan hands out.
enum ScanBand: CaseIterable {
  /// Most worth having early.
  case valuable
  case others

  /// - Parameter isRecent: The entry came in or became valuable since the scan began.
  func includes(isValuable: Bool, isRecent: Bool) -> Bool {
    switch self {
    case .valuable: isValuable
    case .others: !isValuable || isRecent
    }
  }
}

/// Where a walk is that looks at each entry once.
public struct WalkCursor: Sendable, Equatable {
  var shard = 0
  var bucket: UInt64 = 0

  public init() {}
}

/// Where a drop is.
public struct DropCursor: Sendable, Equatable {
  var shard = 0
  var bucket: UInt64 = 0

  public init() {}
}

/// What lies in some arcs, as far as it has been counted.
public struct ArcUsage: Sendable, Equatable {
  public internal(set) var entries = 0
  /// Of keys and values.
  public internal(set) var bytes = 0
  /// All shards have been walked.
  public internal(set) var isComplete = false
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
