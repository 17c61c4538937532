/// What must be true of the present entry for a write to happen.
public enum WriteCondition: Sendable, Equatable {
  case none
  case ifAbsent
  case ifPresent
  /// The present entry has exactly this version.
  case ifVersion(Version)
}

/// How a write ended.
public enum WriteOutcome: Sendable, Equatable {
  case stored(Version)
  /// The condition did not hold. `current` is the present entry's version, or `.none`.
  case conditionFailed(current: Version)
  /// The value is above `StoreConfiguration.valueMaxBytes`.
  case valueTooLarge
  /// Evicting all that may be evicted would not make room in the key's shard.
  case noSpace
}

/// How a delete ended.
public enum DeleteOutcome: Sendable, Equatable {
  /// `version` is the delete's own.
  case deleted(Version)
  case absent
  /// `ifVersion` did not match; the present entry has version `current`.
  case versionMismatch(current: Version)
}

/// The entry after an increment.
public struct Incremented: Sendable, Equatable {
  public let value: Int64
  public let version: Version
}

/// Why an entry could not be incremented; it is as it was.
public enum IncrementError: Error, Sendable, Equatable {
  /// The value is not a whole number as increment itself writes it: an optional "-", then digits
  /// without leading zeros ("0" for zero, never "-0"), within Int64. No sign "+", no spaces.
  case notANumber
  /// The sum is outside Int64.
  case overflow
  /// As `WriteOutcome.noSpace`.
  case noSpace
}

/// How the copy of an entry or tombstone from another node fared.
public enum ApplyOutcome: Sendable, Equatable {
  /// It was the newest the store has heard of, and is in place.
  case applied
  /// The store has this very version. Of two expiries the later one was kept.
  case alreadyPresent
  /// The store holds a newer entry or tombstone, of version `current`.
  case superseded(current: Version)
  /// A tombstone that was dropped early may have been newer: see `Store.floor(in:)`. Or the namespace
  /// was flushed since: see `Store.flushedThrough(_:)`.
  case belowFloor
  /// As `WriteOutcome.valueTooLarge`.
  case valueTooLarge
  /// As `WriteOutcome.noSpace`.
  case noSpace
}
