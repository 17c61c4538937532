internal import Synchronization

/// What the shards of a store share, and the limits of each.
///
/// An object, so that who needs it counts one reference and not one for each of its parts.
final class ShardContext: Sendable {
  let budgetBytes: Int
  let inlineValueMaxBytes: Int
  let tombstonesMax: Int
  let tombstonesMaxBytes: Int
  let clock: VersionClock
  let floors: Floors
  let classes: SlotClasses
  let largeMemory: LargeMemory
  /// The shard's own.
  let pins = PinnedBytes()

  init(
    _ configuration: StoreConfiguration, clock: VersionClock, floors: Floors,
    largeMemory: LargeMemory
  ) {
    let shards = configuration.shardCount
    let budget = configuration.memoryBytes / shards
    self.budgetBytes = budget
    self.inlineValueMaxBytes = configuration.inlineValueMaxBytes
    self.tombstonesMax = configuration.tombstonesMax / shards
    self.tombstonesMaxBytes = budget / configuration.tombstoneMemoryDivisor
    self.clock = clock
    self.floors = floors
    self.largeMemory = largeMemory
    self.classes = SlotClasses(budgetBytes: budget)
  }
}

/// One lock and what it guards. Lock order: a shard's lock is the only one its holder takes.
///
/// An object of its own, with a cache line of padding at either side of the lock, so that threads
/// in neighbouring shards do not slow each other.
final class Shard: Sendable {
  private let paddingBefore = InlineArray<8, UInt64>(repeating: 0)
  private let state: Mutex<ShardState>
  private let paddingAfter = InlineArray<8, UInt64>(repeating: 0)
  let context: ShardContext

  /// - Parameter pools: Of the namespaces, by number; nil: their entries are with the others'.
  init(_ context: ShardContext, policy: EvictionPolicy, pools: [PoolConfiguration?]) {
    self.context = context
    self.state = Mutex(ShardState(context: context, policy: policy, pools: pools))
  }

  /// Runs `body` under the lock, then frees what it left as garbage.
  func withLock<Result>(_ body: (inout ShardState, inout Garbage) -> Result) -> Result {
    var garbage = Garbage()
    defer { garbage.free() }
    return self.state.withLock { body(&$0, &garbage) }
  }

  /// As `withLock`, again and again until `body` is done: the sections in between free what was
  /// evicted, and let other threads in.
  func withLockUntilDone<Outcome>(
    _ body: (inout ShardState, inout Garbage) -> ShardState.Step<Outcome>
  ) -> Outcome {
    while true {
      if case .done(let outcome) = self.withLock(body) { return outcome }
    }
  }
}

/// A shard named without a reference count: threads that read would otherwise all write that count.
///
/// Valid while the store is, which owns its shards for life and hands these out to its own methods
/// only.
struct ShardReference: Sendable {
  private let shard: Unmanaged<Shard>

  init(_ shard: Shard) { self.shard = Unmanaged.passUnretained(shard) }

  var context: ShardContext { self.shard._withUnsafeGuaranteedRef { $0.context } }

  func withLock<Result>(_ body: (inout ShardState, inout Garbage) -> Result) -> Result {
    self.shard._withUnsafeGuaranteedRef { $0.withLock(body) }
  }

  func withLockUntilDone<Outcome>(
    _ body: (inout ShardState, inout Garbage) -> ShardState.Step<Outcome>
  ) -> Outcome {
    self.shard._withUnsafeGuaranteedRef { $0.withLockUntilDone(body) }
  }
}
