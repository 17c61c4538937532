extension FixedWidthInteger {
  /// Reads digits alone, at least one; nil where the text has anything else, such as the sign that
  /// `init(_:)` takes, or is too large.
  init?(digits text: some StringProtocol) {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    self.init(text)
  }

  /// `init(digits:)` of bytes.
  init?(digits text: [UInt8]) { self.init(digits: String(decoding: text, as: UTF8.self)) }
}
