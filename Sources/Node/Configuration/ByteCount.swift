/// A size in bytes, as people write and read it: `4096`, `64KiB`, `512MiB`, `1GiB`.
///
/// Only binary units exist. `MB` and `G` are refused, because half of their readers take them for
/// powers of ten. Fractions are refused: 1.5GiB is 1536MiB.
public struct ByteCount: Sendable, Hashable {
  /// Never negative.
  public let bytes: Int

  /// Largest first, so that printing finds the largest unit that divides the size.
  private static let units: [(suffix: String, bytes: Int)] = [
    ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
  ]

  /// A size that was counted.
  ///
  /// - Parameter bytes: At least 0; traps below, because a negative size is a bug of ours.
  public init(bytes: Int) {
    precondition(bytes >= 0, "a size cannot be negative")
    self.bytes = bytes
  }

  /// Reads decimal digits, followed by a unit or by nothing (bytes).
  ///
  /// - Throws: `.malformed` where no digits lead, `.unknownUnit` where something else than one of
  ///   the units follows them, `.overflow` above `Int.max` bytes.
  public init(parsing text: String) throws(UnitTextError) {
    let (number, suffix) = try splitNumber(text)
    guard suffix.isEmpty == false else {
      guard let bytes = Int(exactly: number) else { throw .overflow }
      self.bytes = bytes
      return
    }
    guard let unit = Self.units.first(where: { $0.suffix == suffix }) else { throw .unknownUnit }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: Int64(unit.bytes))
    guard !overflow, let bytes = Int(exactly: bytes) else { throw .overflow }
    self.bytes = bytes
  }
}

extension ByteCount: CustomStringConvertible {
  /// In the largest unit that divides the size, so that parsing it gives the same size back.
  public var description: String {
    for unit in Self.units where self.bytes > 0 && self.bytes.isMultiple(of: unit.bytes) {
      return "\(self.bytes / unit.bytes)\(unit.suffix)"
    }
    return "\(self.bytes)"
  }
}
