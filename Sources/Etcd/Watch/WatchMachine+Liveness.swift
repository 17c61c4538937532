// Whether anybody is at the other end of the stream, and whether it is the etcd that it was.
extension WatchMachine {
  /// Time has passed.
  ///
  /// - Returns: what is to be done, and when to look again; nil: when a stream is open again.
  mutating func tick(_ now: Instant) -> (effects: [Effect], next: Instant?) {
    guard let stream = self.stream else { return ([], nil) }
    if stream.isProbing { return ([], now + self.progressTimeout) }
    if let asked = stream.askedAt {
      let deadline = asked + self.progressTimeout
      guard now >= deadline else { return ([], deadline) }
      return (self.probe(), now + self.progressTimeout)
    }
    let due = stream.heardAt + self.progressInterval
    guard now >= due else { return ([], due) }
    self.stream?.askedAt = now
    return ([.send(.progress)], now + self.progressTimeout)
  }

  mutating func probe() -> [Effect] {
    guard self.stream?.isProbing == false else { return [] }
    self.stream?.isProbing = true
    return [.probe]
  }

  /// The endpoint has answered, with what its leader knows.
  ///
  /// - Parameter revision: the present one; no revision that etcd has ever shown is above it.
  mutating func probed(_ revision: Revision, _ now: Instant) -> [Effect] {
    guard let stream = self.stream, stream.isProbing else { return [] }
    self.stream?.isProbing = false
    let ends = self.endAll(found: revision) { $0.next > revision.next }
    guard let asked = stream.askedAt, now >= asked + self.progressTimeout else { return ends }
    // From 3.5.11 on etcd leaves progress requests unanswered while a watch starts in the future, as
    // one does that follows a list until the next write.
    guard self.hasFutureWatch(revision) else { return ends + [.drop(.silent)] }
    self.stream?.askedAt = nil
    self.stream?.heardAt = now
    return ends
  }

  /// The endpoint has not answered, or has no leader.
  mutating func probeFailed() -> [Effect] {
    guard self.stream?.isProbing == true else { return [] }
    self.stream?.isProbing = false
    return [.drop(.silent)]
  }

  /// Ends the watches that `isOutdated` picks: they show a history that is not etcd's any more.
  mutating func endAll(
    found revision: Revision, where isOutdated: (Watch) -> Bool
  ) -> [Effect] {
    let outdated = self.watches.filter { isOutdated($0.value) }
      .sorted { $0.key.rawValue < $1.key.rawValue }
    var effects: [Effect] = []
    for (id, watch) in outdated {
      effects += self.remove(id)
      let seen = Revision(rawValue: max(0, watch.next.rawValue - 1))
      effects.append(.end(id, .newHistory(seen: seen, found: revision)))
    }
    return effects
  }

  private func hasFutureWatch(_ revision: Revision) -> Bool {
    self.watches.values.contains { watch in
      guard case .active(_, let start) = watch.phase else { return false }
      return start > revision
    }
  }
}
