/// A small random number generator whose stream is given by its seed alone (Steele, Lea and Flood,
/// "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). Not for secrets.
struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) {
    self.state = seed
  }

  mutating func next() -> UInt64 {
    // The algorithm is defined modulo 2^64.
    self.state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mixed(self.state)
  }

  /// In 0..<1, with 53 random bits.
  mutating func nextUnit() -> Double {
    Double(self.next() >> 11) * 0x1p-53
  }

  /// The finaliser alone: a bijection that spreads each bit of `value` over the result.
  static func mixed(_ value: UInt64) -> UInt64 {
    var mixed = value
    // The algorithm is defined modulo 2^64.
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    // As above.
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
