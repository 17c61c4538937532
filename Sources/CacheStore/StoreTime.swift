/// The time of a store operation, read by the caller: once per batch is enough.
public struct StoreTime: Sendable, Equatable {
  /// Of a clock that never goes back. Expiry is measured on it.
  public var monotonicMilliseconds: UInt64
  /// Since 1970-01-01 UTC. Versions are drawn from it.
  public var wallMilliseconds: UInt64

  public init(monotonicMilliseconds: UInt64, wallMilliseconds: UInt64) {
    self.monotonicMilliseconds = monotonicMilliseconds
    self.wallMilliseconds = wallMilliseconds
  }
}

/// How long an entry lives, counted from the operation that says it.
public enum Expiry: Sendable, Equatable {
  /// Until it is deleted or evicted.
  case never
  /// Readable while less than this time has passed; at exactly this time it is gone.
  case after(milliseconds: UInt64)
}

extension Expiry {
  /// As `deadline` of an entry that never expires.
  static let noDeadline = UInt64.max

  /// On the monotonic clock. A sum past its range (half a billion years) means never.
  func deadline(from now: StoreTime) -> UInt64 {
    switch self {
    case .never:
      return Self.noDeadline
    case .after(let milliseconds):
      let sum = now.monotonicMilliseconds.addingReportingOverflow(milliseconds)
      return sum.overflow ? Self.noDeadline : sum.partialValue
    }
  }

  /// What is left until `deadline`, which has not passed.
  init(until deadline: UInt64, from now: StoreTime) {
    if deadline == Self.noDeadline {
      self = .never
    } else {
      self = .after(milliseconds: deadline - now.monotonicMilliseconds)
    }
  }
}
