/// What must hold for a Set to store: the `condition` oneof of `SetRequest`.
@frozen public enum Condition: Equatable, Sendable {
  /// Nothing was said, or `if_absent: false` or `if_present: false`, which mean the same.
  case always
  /// There is no entry under the key.
  case ifAbsent
  /// There is an entry under the key.
  case ifPresent
  /// The entry has this version. 0 can be read and written; no entry has it.
  case ifVersion(UInt64)
}
