/// XXH64 with seed 0: the hash that places points and keys on the ring, and by which the store
/// indexes.
///
/// Follows "xxHash fast digest algorithm", version 0.1.1, by Yann Collet
/// (github.com/Cyan4973/xxHash, doc/xxhash_spec.md, section "XXH64 algorithm description"); the
/// steps below carry the names and numbers they have there. Not a cryptographic hash: whoever
/// chooses the keys can make them collide.
public enum XXH64 {
  /// The hash of `bytes`, as every other implementation of XXH64 gives it for seed 0.
  @inlinable
  public static func hash(_ bytes: RawSpan) -> UInt64 {
    let count = bytes.byteCount
    var offset = 0
    var accumulator: UInt64
    if count >= Lanes.stripeBytes {
      var lanes = Lanes()
      offset = lanes.consumeStripes(of: bytes, from: 0)
      accumulator = lanes.merged
    } else {
      accumulator = self.prime5
    }
    // A count is not negative, and the specification adds modulo 2^64.
    accumulator = accumulator &+ UInt64(truncatingIfNeeded: count)
    return self.finish(accumulator, tail: bytes, from: offset)
  }

  /// The hash of the concatenation `prefix`, `separator`, `bytes`, without building it.
  ///
  /// This is the hash of a key outside the default namespace: namespace, "/", key.
  @inlinable
  public static func hash(prefix: RawSpan, separator: UInt8, _ bytes: RawSpan) -> UInt64 {
    var stream = Stream()
    stream.update(prefix)
    stream.update(separator)
    stream.update(bytes)
    return stream.finalize()
  }

  @usableFromInline static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  @usableFromInline static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  @usableFromInline static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  @usableFromInline static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  @usableFromInline static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  // All arithmetic of the specification is modulo 2^64, hence the wrapping operators throughout.

  @inlinable
  static func rotate(_ value: UInt64, left count: UInt64) -> UInt64 {
    // The masked shifts equal plain ones: every count in the specification is within 1...63.
    (value &<< count) | (value &>> (64 &- count))
  }

  /// The specification's `round(accN, laneN)`.
  @inlinable
  static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
    // Modulo 2^64 by specification.
    self.rotate(accumulator &+ (lane &* self.prime2), left: 31) &* self.prime1
  }

  /// Steps 5 and 6: consumes what is left after the stripes, at most 31 bytes, and mixes.
  @inlinable
  static func finish(_ start: UInt64, tail bytes: RawSpan, from first: Int) -> UInt64 {
    let count = bytes.byteCount
    var offset = first
    var accumulator = start
    // Each load below is of as many bytes as the condition before it found left. The additions to
    // `offset` stay at or below `count`; the other operators are modulo 2^64 by specification.
    while count &- offset >= 8 {
      let lane = UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
      accumulator ^= self.round(0, lane)
      accumulator = self.rotate(accumulator, left: 27) &* self.prime1 &+ self.prime4
      offset &+= 8
    }
    if count &- offset >= 4 {
      let lane = UInt32(
        littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
      accumulator ^= UInt64(lane) &* self.prime1
      accumulator = self.rotate(accumulator, left: 23) &* self.prime2 &+ self.prime3
      offset &+= 4
    }
    while offset < count {
      let lane = bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
      accumulator ^= UInt64(lane) &* self.prime5
      accumulator = self.rotate(accumulator, left: 11) &* self.prime1
      offset &+= 1
    }
    accumulator ^= accumulator >> 33
    accumulator = accumulator &* self.prime2
    accumulator ^= accumulator >> 29
    accumulator = accumulator &* self.prime3
    accumulator ^= accumulator >> 32
    return accumulator
  }

  /// Steps 1 to 3: the four accumulators that stripes of 32 bytes run through.
  @frozen @usableFromInline
  struct Lanes {
    @usableFromInline static let stripeBytes = 32
    // Modulo 2^64 by specification. With seed 0: prime1 + prime2, prime2, 0, -prime1.
    @usableFromInline var first = XXH64.prime1 &+ XXH64.prime2
    @usableFromInline var second = XXH64.prime2
    @usableFromInline var third: UInt64 = 0
    @usableFromInline var fourth = 0 &- XXH64.prime1

    @inlinable init() {}

    /// Consumes all whole stripes from `first` on; returns the offset behind the last.
    @inlinable
    mutating func consumeStripes(of bytes: RawSpan, from first: Int) -> Int {
      var offset = first
      // The 32 bytes that the four loads read are within the span while 32 are left, and `offset`
      // grows to the span's byte count at most, so neither operator can overflow.
      while bytes.byteCount &- offset >= Self.stripeBytes {
        self.first = XXH64.round(self.first, Self.lane(bytes, offset))
        self.second = XXH64.round(self.second, Self.lane(bytes, offset &+ 8))
        self.third = XXH64.round(self.third, Self.lane(bytes, offset &+ 16))
        self.fourth = XXH64.round(self.fourth, Self.lane(bytes, offset &+ 24))
        offset &+= Self.stripeBytes
      }
      return offset
    }

    /// Step 3, accumulator convergence.
    @inlinable
    var merged: UInt64 {
      // Modulo 2^64 by specification.
      var accumulator =
        XXH64.rotate(self.first, left: 1) &+ XXH64.rotate(self.second, left: 7)
        &+ XXH64.rotate(self.third, left: 12) &+ XXH64.rotate(self.fourth, left: 18)
      accumulator = Self.merge(accumulator, self.first)
      accumulator = Self.merge(accumulator, self.second)
      accumulator = Self.merge(accumulator, self.third)
      return Self.merge(accumulator, self.fourth)
    }

    /// The specification's `mergeAccumulator(acc, accN)`.
    @inlinable
    static func merge(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
      // Modulo 2^64 by specification.
      (accumulator ^ XXH64.round(0, lane)) &* XXH64.prime1 &+ XXH64.prime4
    }

    @inlinable
    static func lane(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
      // Only called by `consumeStripes`, which has found the 8 bytes to be there.
      UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }
  }
}
