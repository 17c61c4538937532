extension String {
  /// A copy of UTF-8 that a reader has checked; for cold paths. Bytes that are not UTF-8 are
  /// repaired with U+FFFD.
  public init(copyingUTF8 bytes: RawSpan) {
    // Bytes of any value are UInt8s, and the closure does not let the pointer out.
    self = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension [UInt8] {
  /// A copy of the bytes; for cold paths.
  public init(copying bytes: RawSpan) {
    // Bytes of any value are UInt8s, and the closure does not let the pointer out.
    self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
