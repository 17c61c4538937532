/// The name of an entry in its shard: where its slot begins, in steps of two bytes.
///
/// Half the size of a pointer, so that links and index cost half; 8 GiB of slots in a shard.
struct EntryHandle: Equatable, Sendable {
  let rawValue: UInt32

  /// Slots begin at multiples of this.
  static let stepBytes = 2
  /// What handles can name.
  static let reachBytes = stepBytes << 32

  /// No entry; no slot begins at offset 0.
  static let null = Self(rawValue: 0)

  var isNull: Bool { self.rawValue == 0 }
}
