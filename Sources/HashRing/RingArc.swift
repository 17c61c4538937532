/// A range of key hashes: those after `after`, up to and with `through`, wrapping past the largest
/// hash to 0. Equal ends mean the whole circle.
///
/// The same range as the store's `HashArc`; neither module knows the other.
public struct RingArc: Sendable, Hashable {
  /// The first hash of the arc is the one after this.
  public var after: UInt64
  /// The last hash of the arc.
  public var through: UInt64

  public init(after: UInt64, through: UInt64) {
    self.after = after
    self.through = through
  }

  public func contains(_ hash: UInt64) -> Bool {
    // Hashes live on a circle of 2^64, where distance is difference modulo 2^64. Counted from the
    // first hash of the arc, the arc is 0...(through - first).
    let first = self.after &+ 1
    return hash &- first <= self.through &- first
  }

  /// The part of all hashes that is in the arc, above 0 and at most 1.
  public var share: Double {
    // Modulo 2^64, as above; the length of the whole circle is 0 there.
    let length = self.through &- self.after
    return length == 0 ? 1 : Double(length) / 0x1p64
  }
}
