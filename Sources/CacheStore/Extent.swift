internal import Synchronization

/// A large value in memory of its own, which outlives its entry for as long as anyone holds it.
///
/// Readers take it under the shard's lock and copy from it afterwards, in pieces as a flow-control
/// window opens. Once the entry is gone, the extent's bytes stay on the shard's budget until the
/// last holder lets go.
///
/// It has the entry's key too, in front of the value, and also serves entries that are small for a
/// reader and yet too large for a slot: those are copied under the lock, and never handed out.
///
/// Unchecked, because it holds a raw pointer: the memory is written in `init` only, and freed in
/// `deinit`, when no reference is left that could read it. `nextGarbage` is its unlinker's.
public final class Extent: @unchecked Sendable {
  /// The size of the value.
  public let byteCount: Int
  let keyBytes: Int
  /// Readers may keep it beyond the lock.
  let isShared: Bool
  private let block: LargeBlock
  /// Has the memory, and counts what outlives its entry.
  private let shard: ShardContext
  /// Set under the shard's lock when the entry goes while somebody else holds the extent.
  private let isOrphaned = Atomic(false)
  /// The next of those that one locked section unlinked; see `Garbage`.
  var nextGarbage: Unmanaged<Extent>?

  init(_ key: borrowing StoreKey, value: RawSpan, isShared: Bool, in shard: ShardContext) {
    let keyBytes = key.bytes.byteCount
    let block = LargeBlock(byteCount: keyBytes + value.byteCount, from: shard.largeMemory)
    let memory = block.start
    self.byteCount = value.byteCount
    self.keyBytes = keyBytes
    self.isShared = isShared
    self.block = block
    self.shard = shard
    key.bytes.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      // The block has room for the key and, behind it, the value.
      memory.copyMemory(from: source, byteCount: bytes.count)
    }
    value.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      (memory + keyBytes).copyMemory(from: source, byteCount: bytes.count)
    }
  }

  deinit {
    // In this order the budget may be a moment late to shrink, but is never early.
    self.block.free(to: self.shard.largeMemory)
    if self.isOrphaned.load(ordering: .acquiring) { self.shard.pins.subtract(self.chargedBytes) }
  }

  /// The value.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // The block has `byteCount` bytes behind the key, never changes, and lives as long as `self`.
      let span = RawSpan(_unsafeStart: self.valueStart, byteCount: self.byteCount)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// For `EntryMemory`, whose views live no longer than the entry's hold on the extent.
  var valueStart: UnsafeRawPointer { UnsafeRawPointer(self.block.start + self.keyBytes) }
  var keyStart: UnsafeRawPointer { UnsafeRawPointer(self.block.start) }

  /// The block of key and value, and the object's own.
  var chargedBytes: Int {
    self.block.chargedBytes + Self.objectBytes
  }

  /// What malloc takes for the object, which has 81 bytes on a 64-bit machine.
  private static let objectBytes = 96

  /// Keeps the bytes on the budget until the last holder lets go.
  func orphan() {
    self.shard.pins.add(self.chargedBytes)
    self.isOrphaned.store(true, ordering: .releasing)
  }
}

/// The bytes of a shard's extents that outlive their entries.
final class PinnedBytes: Sendable {
  private let count = Atomic(0)

  var current: Int { self.count.load(ordering: .relaxed) }

  func add(_ bytes: Int) { self.count.add(bytes, ordering: .relaxed) }

  func subtract(_ bytes: Int) { self.count.subtract(bytes, ordering: .relaxed) }
}

/// What a locked section unlinked, to be freed after it. Needs no memory of its own: the extents are
/// chained.
struct Garbage: ~Copyable, Sendable {
  private var first: Unmanaged<Extent>?
  private var retired: IndexBuckets?

  init() {}

  /// Takes over the entry's reference.
  mutating func add(_ extent: Unmanaged<Extent>) {
    // Whoever else holds the extent does not look at this.
    extent._withUnsafeGuaranteedRef { $0.nextGarbage = self.first }
    self.first = extent
  }

  /// A locked section retires one table at most.
  mutating func add(_ buckets: IndexBuckets) {
    precondition(self.retired == nil, "two tables retired under one lock")
    self.retired = buckets
  }

  /// Call without any lock held.
  mutating func free() {
    while let extent = self.first {
      self.first = extent._withUnsafeGuaranteedRef { $0.nextGarbage }
      extent.release()
    }
    self.retired?.free()
    self.retired = nil
  }
}
