/// The text of the key with a given number, all of one length: a letter, then the number in
/// decimal, padded with zeros.
///
///     k000000000001234        size 16
///
/// Written in place, over the key before: the text is needed only while a request is written.
struct KeyText {
  /// What a key is for: numbers that are counted up are not to meet values of other shape.
  enum Purpose: UInt8 {
    case value = 0x6b  // k
    case counter = 0x6e  // n
  }

  /// The key, UTF-8.
  private(set) var bytes: [UInt8]

  /// - Parameter size: in bytes; at least `sizeMin` of the number of keys.
  init(size: Int) {
    self.bytes = [UInt8](repeating: UInt8(ascii: "0"), count: size)
  }

  /// The shortest size that has room for all keys with numbers in 0..<keys.
  static func sizeMin(keys: Int) -> Int {
    1 + String(keys - 1).utf8.count
  }

  /// Writes the key with this number.
  mutating func set(_ number: Int, purpose: Purpose = .value) {
    self.bytes[0] = purpose.rawValue
    var rest = number
    var index = self.bytes.count - 1
    while index > 0 {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      self.bytes[index] = UInt8(ascii: "0") + UInt8(digit)
      rest = quotient
      index -= 1
    }
    assert(rest == 0, "a key number that the size has no room for")
  }
}
