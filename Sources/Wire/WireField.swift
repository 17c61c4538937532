/// How the value behind a tag is laid out (protobuf encoding specification, "Message structure").
/// The group types 3 and 4 are not here: readers refuse them.
@frozen public enum WireType: UInt8, Equatable, Sendable {
  /// One to ten bytes, seven bits each, least significant first.
  case varint = 0
  /// Eight bytes, little-endian.
  case fixed64 = 1
  /// A varint length and that many bytes: bytes, strings, messages, packed repeated scalars.
  case lengthDelimited = 2
  /// Four bytes, little-endian.
  case fixed32 = 5
}

/// The tag in front of each value: which field it is and how it is laid out.
@frozen public struct WireField: Equatable, Sendable {
  /// The highest field number that protobuf allows: 2^29 - 1.
  public static let numberMax = 536_870_911

  /// In `1...WireField.numberMax`.
  public let number: Int
  /// The layout of the value that follows.
  public let type: WireType

  /// A tag as a reader found it.
  ///
  /// - Parameter number: in `1...WireField.numberMax`.
  @inlinable
  public init(number: Int, type: WireType) {
    self.number = number
    self.type = type
  }
}
