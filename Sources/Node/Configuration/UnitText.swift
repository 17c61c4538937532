/// Why a text is no size or no duration.
public enum UnitTextError: Error, Sendable, Hashable {
  /// It does not begin with a decimal digit.
  case malformed
  /// What follows the digits is none of the units.
  case unknownUnit
  /// The number is too large to be represented.
  case overflow
}

/// Splits `30s` into 30 and `s`. Signs, spaces and digit separators are no digits.
func splitNumber(_ text: String) throws(UnitTextError) -> (number: Int64, suffix: Substring) {
  let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  guard !digits.isEmpty else { throw .malformed }
  // Only ASCII digits are left, so the one way to fail is to be too large.
  guard let number = Int64(Substring(digits)) else { throw .overflow }
  return (number, Substring(text.utf8[digits.endIndex...]))
}
