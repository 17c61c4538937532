internal import Glibc

/// Growable raw memory with one owner: what a stream has received, or has yet to send.
///
///     base            consumed                 count                capacity
///      |  (consumed)   |  the bytes              |  (uninitialised)   |
///
/// Emptied stores keep their memory, so that a recycled stream costs no allocation; `recycle` gives
/// back what one large message left behind.
struct ByteStore: ~Copyable {
  /// From malloc.
  private var base: UnsafeMutableRawPointer?
  private(set) var capacity = 0
  /// End of the initialised bytes. `consumed <= end <= capacity` always holds.
  private var end = 0
  private var consumed = 0

  init() {}

  deinit { free(self.base) }

  /// How many bytes there are.
  var count: Int { self.end - self.consumed }

  var isEmpty: Bool { self.end == self.consumed }

  /// The bytes as a C library takes them; valid until the store is next changed.
  var buffer: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: self.start, count: self.count)
  }

  /// Adds a copy of `source` at the end.
  mutating func append(_ source: UnsafeRawBufferPointer) {
    guard let from = source.baseAddress, source.count > 0 else { return }
    self.reserve(source.count)
    // `reserve` made room for `source.count` bytes after `end`, in memory that is ours alone.
    (self.base! + self.end).copyMemory(from: from, byteCount: source.count)
    self.end += source.count
  }

  /// Adds a header field, laid out as `HeaderBlock` says.
  @inline(__always)
  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    // No overflow here and below: both are in memory together, and so are the bytes of the store.
    let size = 8 &+ name.count &+ value.count
    self.reserve(size)
    // `reserve` made room for all of it.
    let target = self.base! + self.end
    target.storeBytes(of: UInt32(truncatingIfNeeded: name.count), as: UInt32.self)
    (target + 4).storeBytes(of: UInt32(truncatingIfNeeded: value.count), as: UInt32.self)
    // A C library's empty run may have no address.
    if let from = name.baseAddress { memcpy(target + 8, from, name.count) }
    if let from = value.baseAddress { memcpy(target + 8 + name.count, from, value.count) }
    self.end &+= size
  }

  /// Adds what `write` puts into a span of exactly `size` bytes. It must fill them all.
  mutating func append(size: Int, _ write: (inout OutputRawSpan) -> Void) {
    self.reserve(size)
    // `reserve` made room for `size` bytes after `end`.
    let buffer = UnsafeMutableRawBufferPointer(start: self.base.map { $0 + self.end }, count: size)
    var span = OutputRawSpan(buffer: buffer, initializedCount: 0)
    write(&span)
    let written = span.finalize(for: buffer)
    precondition(written == size, "a message declared \(size) bytes and wrote \(written)")
    self.end += size
  }

  /// Overwrites four bytes at `offset` from the first byte, most significant first.
  mutating func overwrite(at offset: Int, bigEndian value: UInt32) {
    precondition(offset >= 0 && offset + 4 <= self.count)
    // In bounds by the check above.
    (self.start! + offset).storeBytes(of: value.bigEndian, as: UInt32.self)
  }

  /// Drops the first `count` bytes.
  mutating func consume(_ count: Int) {
    precondition(count >= 0 && count <= self.count)
    self.consumed += count
    if self.consumed == self.end { self.removeAll() }
  }

  /// Drops all bytes and keeps the memory.
  mutating func removeAll() {
    self.consumed = 0
    self.end = 0
  }

  /// Drops all bytes, and the memory too where it is more than `capacityMaxBytes`.
  mutating func recycle(capacityMaxBytes: Int) {
    self.removeAll()
    guard self.capacity > capacityMaxBytes else { return }
    free(self.base)
    self.base = nil
    self.capacity = 0
  }

  /// Makes room for `count` bytes after the end.
  mutating func reserve(_ count: Int) {
    // No underflow: `end <= capacity`.
    guard self.capacity &- self.end < count else { return }
    self.makeRoom(count)
  }

  @inline(never)
  private mutating func makeRoom(_ count: Int) {
    let live = self.count
    let isRoomBefore = self.capacity - live >= count && live <= self.consumed
    if let base = self.base, self.consumed > 0 {
      // Within the allocation, to its beginning.
      memmove(base, base + self.consumed, live)
      self.consumed = 0
      self.end = live
    }
    guard !isRoomBefore else { return }
    // Doubling keeps appending linear. `max` with the need serves one large message at once. Large
    // blocks grow in place, or by other page tables: a copy of megabytes would hold up the loop.
    let capacity = max(live + count, self.capacity * 2, 128)
    guard let base = realloc(self.base, capacity) else {
      preconditionFailure("no memory for \(capacity) bytes")
    }
    self.base = base
    self.capacity = capacity
  }

  private var start: UnsafeMutableRawPointer? {
    // `consumed` is within the allocation.
    self.base.map { $0 + self.consumed }
  }
}
