// Entries that come back after a restart.
extension Store {
  /// Installs an entry of a snapshot unless the store knows of something newer, as `apply` does.
  ///
  /// - Parameters:
  ///   - expiry: What is left of the entry's life.
  ///   - isValuable: Its policy held it for one of those that are worth most; see
  ///     `ScanCursor.isAtValuable`. It is so here, too.
  public func restore(
    _ key: borrowing StoreKey, value: RawSpan, flags: UInt32, version: Version, expiry: Expiry,
    isValuable: Bool, now: StoreTime
  ) -> ApplyOutcome {
    let shard = self.shard(of: key)
    guard value.byteCount <= self.configuration.valueMaxBytes else { return .valueTooLarge }
    let new = NewEntry(
      key, value: value, flags: flags, deadline: expiry.deadline(from: now), in: shard.context)
    return shard.withLockUntilDone { state, garbage in
      state.startClock(now)
      let step = state.apply(new, key, version: version, &garbage)
      if isValuable, case .done(.applied) = step {
        let entry = state.index.find(key, in: state.memory)
        if !entry.isNull { state.promote(entry) }
      }
      return step
    }
  }
}
