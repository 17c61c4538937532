/// The integer encodings of protobuf, as pure functions.
@frozen public enum Varint {
  /// A 64-bit value takes at most this many bytes: 64 bits, seven in each.
  public static let bytesMax = 10

  /// The bytes that `value` takes, in `1...bytesMax`.
  @inlinable
  public static func size(_ value: UInt64) -> Int {
    // ceil(bits / 7) without a division or a branch: (9 * bits + 64) / 64 equals it for every bits
    // in 1...64. The `| 1` makes zero one bit wide, as it takes one byte.
    let bits = UInt64.bitWidth - (value | 1).leadingZeroBitCount
    return (9 * bits + 64) >> 6
  }

  /// Maps small magnitudes of either sign to small numbers: 0, -1, 1, -2 become 0, 1, 2, 3.
  @inlinable
  public static func zigzag(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value << 1) ^ (value >> 63))
  }

  /// The inverse of `zigzag`.
  @inlinable
  public static func unzigzag(_ value: UInt64) -> Int64 {
    // `value >> 1` has its top bit clear, and the mask is 0 or -1, so nothing can overflow.
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}
