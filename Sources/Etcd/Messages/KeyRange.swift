/// A part of etcd's key space, which is ordered by bytes.
public struct KeyRange: Hashable, Sendable {
  /// The first key.
  public var start: [UInt8]
  /// Empty: only the key `start`. A single zero byte: all keys from `start` on. Otherwise the first
  /// key that does not belong to it.
  public var end: [UInt8]

  /// The range as etcd has it on the wire.
  public init(start: [UInt8], end: [UInt8]) {
    self.start = start
    self.end = end
  }

  /// One key.
  public static func key(_ key: [UInt8]) -> KeyRange { KeyRange(start: key, end: []) }

  /// One key.
  public static func key(_ key: String) -> KeyRange { .key(Array(key.utf8)) }

  /// All keys that begin with `prefix`; all keys where it is empty.
  public static func prefix(_ prefix: [UInt8]) -> KeyRange {
    // etcd takes no empty key.
    guard !prefix.isEmpty else { return KeyRange(start: [0], end: [0]) }
    var end = prefix
    while let last = end.popLast() {
      if last < 0xff {
        end.append(last + 1)
        return KeyRange(start: prefix, end: end)
      }
    }
    return KeyRange(start: prefix, end: [0])
  }

  /// All keys that begin with `prefix`; all keys where it is empty.
  public static func prefix(_ prefix: String) -> KeyRange { .prefix(Array(prefix.utf8)) }

  /// What is left of the range behind `key`, which is in it.
  func after(_ key: [UInt8]) -> KeyRange { KeyRange(start: key + [0], end: self.end) }

  /// Whether it is a single key.
  var isSingleKey: Bool { self.end.isEmpty }
}
