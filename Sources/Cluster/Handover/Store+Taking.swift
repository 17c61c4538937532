internal import CacheStore

extension Store {
  /// Puts in what another node held under a key. Where there is no room for it a tombstone takes its place:
  /// what is older must not stand in its stead.
  func take(
    _ key: borrowing StoreKey, value: RawSpan, flags: UInt32, version: Version,
    expiry: CacheStore.Expiry, now: StoreTime
  ) -> ApplyOutcome {
    let outcome = self.apply(
      key, value: value, flags: flags, version: version, expiry: expiry, now: now)
    if outcome == .noSpace || outcome == .valueTooLarge {
      _ = self.applyTombstone(key, version: version)
    }
    return outcome
  }
}
