internal import Glibc
internal import Synchronization

/// A large value in memory of its own, which outlives its entry for as long as anyone holds it.
///
/// Readers take it under the shard's lock and copy from it afterwards, in pieces as a flow-control
/// window opens. Once the entry is gone, the extent's bytes stay on the shard's budget until the
/// last holder lets go.
///
/// Unchecked, because it holds a raw pointer: the memory is written in `init` only, and freed in
/// `deinit`, when no reference is left that could read it.
public final class Extent: @unchecked Sendable {
  /// The size of the value.
  public let byteCount: Int
  private let memory: UnsafeMutableRawPointer
  private let pins: PinnedBytes
  /// Set under the shard's lock when the entry goes while somebody else holds the extent.
  private let isOrphaned = Atomic(false)

  init(copying value: RawSpan, pins: PinnedBytes) {
    self.byteCount = value.byteCount
    self.memory = MallocBlock.allocate(byteCount: value.byteCount)
    self.pins = pins
    value.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      self.memory.copyMemory(from: source, byteCount: bytes.count)
    }
  }

  deinit {
    // In this order the budget may be a moment late to shrink, but is never early.
    free(self.memory)
    if self.isOrphaned.load(ordering: .acquiring) { self.pins.subtract(self.chargedBytes) }
  }

  /// The value.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // `memory` has `byteCount` bytes, never changes, and lives as long as `self`.
      let span = RawSpan(_unsafeStart: UnsafeRawPointer(self.memory), byteCount: self.byteCount)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// For `EntryReference`, whose views live no longer than the entry's hold on the extent.
  var start: UnsafeRawPointer { UnsafeRawPointer(self.memory) }

  /// The value's block and the object's own, which is 41 bytes on a 64-bit machine.
  var chargedBytes: Int {
    MallocBlock.chargedBytes(byteCount: self.byteCount) + MallocBlock.chargedBytes(byteCount: 41)
  }

  /// Keeps the bytes on the budget until the last holder lets go.
  func orphan() {
    self.pins.add(self.chargedBytes)
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
