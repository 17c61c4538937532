/// Why bytes are not the protobuf message that they were read as. Always the sender's fault.
///
/// Without payload, so that throwing one on the hot path allocates nothing. The text for people is
/// `description`.
@frozen public enum WireError: Error, Equatable, CaseIterable {
  /// The bytes end inside a field.
  case truncated
  /// A varint does not end after ten bytes, or holds more than 64 bits.
  case varintTooLong
  /// A field number is 0 or above 2^29 - 1.
  case fieldNumberInvalid
  /// A wire type is 6 or 7, which do not exist.
  case wireTypeInvalid
  /// A known field comes with another wire type than its declaration asks for.
  case wireTypeMismatch
  /// A field is a group (wire types 3 and 4), which proto3 does not have.
  case groupUnsupported
  /// A length is above `WireReader.lengthMaxBytes`.
  case lengthTooLong
  /// Messages are nested deeper than the reader allows.
  case nestingTooDeep
  /// A string is not well-formed UTF-8 (Unicode 15, table 3-7).
  case notUTF8
}

extension WireError: CustomStringConvertible {
  /// A sentence fragment that fits behind "malformed protobuf: ".
  public var description: String {
    switch self {
    case .truncated: "the bytes end inside a field"
    case .varintTooLong: "a varint is longer than 10 bytes or wider than 64 bits"
    case .fieldNumberInvalid: "a field number is outside 1...536870911"
    case .wireTypeInvalid: "a field has wire type 6 or 7, which do not exist"
    case .wireTypeMismatch: "a field has another wire type than its declaration"
    case .groupUnsupported: "a field is a group, which proto3 does not have"
    case .lengthTooLong: "a field is longer than 2147483647 bytes"
    case .nestingTooDeep: "messages are nested too deep"
    case .notUTF8: "a string field is not UTF-8"
    }
  }
}
