internal import HTTP2

/// The methods a server serves, found by the bytes of `:path`.
///
/// Open addressing over a power of two at least twice the number of methods: one hash and nearly
/// always one comparison, without a String or an allocation.
struct MethodTable: Sendable {
  private struct Slot {
    let path: [UInt8]
    let index: Int
  }

  private var slots: [Slot?]

  /// - Parameter paths: such as `/larder.v1.Cache/Get`; the position of each is its index.
  init(_ paths: [String]) {
    var capacity = 4
    while capacity < paths.count * 2 { capacity *= 2 }
    self.slots = Array(repeating: nil, count: capacity)
    for (index, path) in paths.enumerated() {
      let bytes = Array(path.utf8)
      precondition(self.index(of: bytes.span.bytes) == nil, "\(path) is registered twice")
      var position = Self.hash(bytes.span.bytes) & (capacity - 1)
      while self.slots[position] != nil { position = (position + 1) & (capacity - 1) }
      self.slots[position] = Slot(path: bytes, index: index)
    }
  }

  /// The index of the method at `path`, or nil.
  func index(of path: RawSpan) -> Int? {
    let mask = self.slots.count - 1
    var position = Self.hash(path) & mask
    while let slot = self.slots[position] {
      if path.equals(slot.path.span.bytes) {
        return slot.index
      }
      position = (position + 1) & mask
    }
    return nil
  }

  /// FNV-1a. The table is ours and fixed, so nobody can choose paths that collide in it.
  private static func hash(_ path: RawSpan) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for offset in path.byteOffsets {
      hash ^= UInt64(path.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
      // Wrapping is what the function is.
      hash = hash &* 0x100_0000_01b3
    }
    return Int(truncatingIfNeeded: hash >> 1)
  }
}
