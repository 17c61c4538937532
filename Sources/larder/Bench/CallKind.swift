import LarderAPI

/// The kinds of calls that the load generator makes. The raw value is the index in tables.
enum CallKind: Int, CaseIterable, Sendable {
  case get, set, delete, increment, getMany, setMany, touch

  /// As `--mix` and reports spell it.
  var name: String {
    switch self {
    case .get: "get"
    case .set: "set"
    case .delete: "delete"
    case .increment: "incr"
    case .getMany: "getmany"
    case .setMany: "setmany"
    case .touch: "touch"
    }
  }

  /// What is called.
  var method: CacheMethod {
    switch self {
    case .get: .get
    case .set: .set
    case .delete: .delete
    case .increment: .increment
    case .getMany: .getMany
    case .setMany: .setMany
    case .touch: .touch
    }
  }

  /// True where one call is about `--batch` keys.
  var isBatch: Bool { self == .getMany || self == .setMany }
}
