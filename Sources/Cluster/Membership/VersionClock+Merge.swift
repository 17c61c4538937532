public import CacheStore

extension VersionClock {
  /// Takes over the clock of another node, so that what this one writes from now on is newer than all that
  /// the other had when it said so: hybrid logical clocks (Kulkarni et al., 2014).
  ///
  /// - Parameters:
  ///   - version: the newest of the other node.
  ///   - wallMilliseconds: this node's wall clock, since 1970.
  ///   - skewMaxMilliseconds: how far `version` may be ahead of it. A single absurd clock would drive
  ///     those of all nodes into the future for good.
  /// - Returns: false where it is further ahead, and nothing was taken over.
  public func merge(
    _ version: Version, wallMilliseconds: UInt64, skewMaxMilliseconds: UInt64
  ) -> Bool {
    let limit = wallMilliseconds.addingReportingOverflow(skewMaxMilliseconds)
    guard limit.overflow || version.milliseconds <= limit.partialValue else { return false }
    self.observe(version)
    return true
  }
}
