import Glibc
import Testing

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, good enough to pick test values.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    self.state = seed
  }

  mutating func next() -> UInt64 {
    // Wrapping is the algorithm: arithmetic modulo 2^64.
    self.state &+= 0x9e37_79b9_7f4a_7c15
    var z = self.state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Values for messages, extremes more often than chance would have them.
struct RandomValues {
  /// For the failure message; set `LARDER_TEST_SEED` to it to repeat a run.
  let seed: UInt64
  private(set) var round = 0
  private var generator: SplitMix64

  init() {
    let given = getenv("LARDER_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
    self.seed = given ?? UInt64.random(in: 0...UInt64.max)
    self.generator = SplitMix64(seed: self.seed)
  }

  /// Which values a failure was seen with.
  var comment: Comment { "LARDER_TEST_SEED=\(self.seed), round \(self.round)" }

  mutating func nextRound() {
    self.round += 1
  }

  mutating func below(_ limit: Int) -> Int {
    Int.random(in: 0..<limit, using: &self.generator)
  }

  mutating func bool() -> Bool {
    Bool.random(using: &self.generator)
  }

  /// Of every length as a varint, and the edges.
  mutating func uint64() -> UInt64 {
    switch self.below(8) {
    case 0: 0
    case 1: 1
    case 2: .max
    case 3: 1 << 63
    default: self.generator.next() >> UInt64(self.below(64))
    }
  }

  mutating func int64() -> Int64 {
    switch self.below(8) {
    case 0: .min
    case 1: .max
    case 2: -1
    default: Int64(bitPattern: self.uint64())
    }
  }

  mutating func uint32() -> UInt32 {
    self.below(8) == 0 ? .max : UInt32(truncatingIfNeeded: self.uint64())
  }

  mutating func int32() -> Int32 {
    self.below(8) == 0 ? .min : Int32(truncatingIfNeeded: self.uint64())
  }

  /// Mostly short; sometimes of a length whose varint takes two or three bytes.
  private mutating func length() -> Int {
    switch self.below(64) {
    case 0...11: 0
    case 12...59: self.below(24)
    case 60, 61: 127 + self.below(2)
    case 62: 300
    default: 16_383 + self.below(2)
    }
  }

  mutating func bytes() -> [UInt8] {
    let length = self.length()
    // One value all through a long one: picking each byte takes most of the test's time.
    guard length < 100 else {
      return [UInt8](repeating: UInt8(truncatingIfNeeded: self.generator.next()), count: length)
    }
    return (0..<length).map { _ in UInt8(truncatingIfNeeded: self.generator.next()) }
  }

  /// UTF-8 of characters of one to four bytes, without U+0000, at which a C string would end.
  mutating func text() -> [UInt8] {
    let length = self.length()
    guard length < 100 else {
      return [UInt8](repeating: UInt8(1 + self.below(0x7f)), count: length)
    }
    var text = ""
    while text.utf8.count < length {
      let range: ClosedRange<UInt32> =
        switch self.below(6) {
        case 0: 0x80...0x7ff
        case 1: 0xe000...0xffff
        case 2: 0x1_0000...0x10_ffff
        default: 0x01...0x7f
        }
      guard let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self.generator)) else {
        preconditionFailure("the ranges leave out the surrogates")
      }
      text.unicodeScalars.append(scalar)
    }
    return Array(text.utf8)
  }

  /// Up to five elements, none included.
  mutating func list<Element>(_ element: (inout Self) -> Element) -> [Element] {
    (0..<self.below(6)).map { _ in element(&self) }
  }
}
