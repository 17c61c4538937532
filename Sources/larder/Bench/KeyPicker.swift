/// How the keys of calls are drawn.
enum KeyDistribution: Equatable, Sendable {
  /// Each key is as likely as any other.
  case uniform
  /// Few keys are hot.
  case zipf(exponent: Double)
}

/// Draws key numbers in 0..<count, each in constant time.
///
/// Which keys are the hot ones does not follow their order: the key of a rank is
/// `(rank * multiplier + offset) mod count`, a bijection because the multiplier and the count have
/// no common factor. The multiplier is near the golden section of the count, which puts neighbours
/// in rank far from each other.
struct KeyPicker: Sendable {
  /// So that rank times multiplier stays below 2^64.
  static let keysMax = Int(UInt32.max)

  private let count: UInt64
  private let zipf: ZipfDistribution?
  private let multiplier: UInt64
  private let offset: UInt64

  /// - Parameters:
  ///   - count: 1...keysMax.
  ///   - seed: chooses which keys are hot; all workers of a run have the same.
  init(count: Int, distribution: KeyDistribution, seed: UInt64) {
    precondition((1...Self.keysMax).contains(count), "a number of keys that no plan allows")
    self.count = UInt64(count)
    switch distribution {
    case .uniform: self.zipf = nil
    case .zipf(let exponent): self.zipf = ZipfDistribution(count: count, exponent: exponent)
    }
    self.multiplier = Self.multiplier(count: UInt64(count))
    self.offset = SplitMix64.mixed(seed) % UInt64(count)
  }

  /// One key's number.
  func next(using random: inout SplitMix64) -> Int {
    guard let zipf = self.zipf else {
      return Int(UInt64.random(in: 0..<self.count, using: &random))
    }
    return self.key(rank: zipf.next(using: &random))
  }

  /// The key that has this rank, in 1...count; 1 is the most likely one.
  func key(rank: Int) -> Int {
    // (2^32 - 2) * (2^32 - 1) + 2^32 - 2 is below 2^64.
    Int((UInt64(rank - 1) * self.multiplier + self.offset) % self.count)
  }

  private static func multiplier(count: UInt64) -> UInt64 {
    var candidate = max(1, UInt64(Double(count) * 0.618_033_988_749_894_9))
    while Self.commonDivisor(candidate, count) != 1 { candidate += 1 }
    return candidate
  }

  private static func commonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
    var (left, right) = (left, right)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }
}
