internal import Etcd

/// Puts this node's record under its lease, and keeps others from being taken for it. No I/O.
///
/// The key may be there already: as a leftover of this node's last process, which is replaced, or as
/// another node's, which is left alone. Processes of one id are told apart by the incarnation of their
/// records: the later one is higher.
struct RegistrationMachine {
  private enum State: Equatable {
    /// There was no lease yet. Can go to `claiming`.
    case idle
    /// The key is being written, with this member. Can go to `registered` or `probing`.
    case claiming(LeaseID, Member)
    /// Another address has the key. Can go to `claiming` or `refused`.
    case probing(LeaseID, Member, Revision)
    /// The key is there, since the revision. Can go to any other.
    case registered(LeaseID, Revision)
    /// Somebody else is this node.
    case refused
  }

  /// What the caller does next.
  enum Effect: Equatable {
    /// Write the record under the lease, if the key was last changed at `replacing` (`.current`: if it is
    /// not there); answered with `claimed` or `found`.
    case claim(Member, LeaseID, replacing: Revision)
    /// See whether the member is at its address; answered with `probed`.
    case probe(Member)
    /// Give up for good.
    case refuse(MembershipError)
    case none
  }

  /// As it is, or shall be, registered.
  private(set) var member: Member
  private var state = State.idle
  /// Its incarnation was in etcd: whoever has a higher one came after it.
  private var wasRegistered = false
  /// The last word of what etcd has under the key. It may come before the answer to the claim that it
  /// is about, or follows.
  private var newest: (found: Member?, revision: Revision)?

  /// - Parameter member: its incarnation is above those of earlier processes, as far as a wall clock
  ///   can say.
  init(_ member: Member) { self.member = member }

  /// The lease under which the key is there; nil: it is not.
  var lease: LeaseID? {
    guard case .registered(let lease, _) = self.state else { return nil }
    return lease
  }

  /// The key was written, or is being written: others may see it.
  var mayBeThere: Bool {
    switch self.state {
    case .idle, .probing, .refused: false
    case .claiming, .registered: true
    }
  }

  /// There is a lease, the first or another: one that is lost needs no word, as only the next one helps.
  mutating func begin(_ lease: LeaseID) -> Effect {
    guard self.state != .refused else { return .none }
    return self.claim(lease, replacing: .current)
  }

  /// The key was written. An answer that is late, about another lease, says nothing.
  mutating func claimed(_ lease: LeaseID, at revision: Revision) -> Effect {
    guard case .claiming(lease, let claimed) = self.state else { return .none }
    self.wasRegistered = true
    self.state = .registered(lease, revision)
    if let newest, newest.revision > revision {
      return self.observed(newest.found, at: newest.revision)
    }
    // The node has changed while it was written.
    return claimed == self.member ? .none : self.claim(lease, replacing: revision)
  }

  /// It is not known whether the key was written.
  mutating func retry() -> Effect {
    guard case .claiming(let lease, _) = self.state else { return .none }
    return self.claim(lease, replacing: .current)
  }

  /// The key was not written, because it is another than expected.
  ///
  /// - Parameter found: nil where it is no record.
  mutating func found(_ found: Member?, _ lease: LeaseID, at revision: Revision) -> Effect {
    guard case .claiming(lease, _) = self.state else { return .none }
    guard let found else { return self.claim(lease, replacing: revision) }
    if self.wasRegistered, found.incarnation > self.member.incarnation {
      return self.refuse(.replaced(id: found.id, address: found.address))
    }
    if found.address == self.member.address {
      return self.succeed(found, lease, revision)
    }
    self.state = .probing(lease, found, revision)
    return .probe(found)
  }

  /// - Parameter isTaken: whether the one that has the key is at its address, or may be.
  mutating func probed(isTaken: Bool) -> Effect {
    guard case .probing(let lease, let found, let revision) = self.state else { return .none }
    guard !isTaken else {
      return self.refuse(.idTaken(id: found.id, address: found.address))
    }
    return self.succeed(found, lease, revision)
  }

  /// etcd's history is another: what is there now may be older than what was.
  mutating func historyBegan() {
    self.newest = nil
    if case .registered(let lease, _) = self.state { self.state = .registered(lease, .current) }
  }

  /// How etcd has the key, by what the node sees of all keys.
  ///
  /// - Parameters:
  ///   - found: nil where it is not there, or no record.
  ///   - revision: as of which.
  mutating func observed(_ found: Member?, at revision: Revision) -> Effect {
    self.newest = (found, revision)
    // What was before it was registered says nothing.
    guard case .registered(let lease, let since) = self.state, revision > since else {
      return .none
    }
    guard let found else { return self.claim(lease, replacing: .current) }
    if found.incarnation > self.member.incarnation {
      return self.refuse(.replaced(id: found.id, address: found.address))
    }
    // One that an operator has edited has the same incarnation, and stays as it is.
    guard found.incarnation < self.member.incarnation else { return .none }
    return self.claim(lease, replacing: .current)
  }

  /// The node is in another state from now on.
  mutating func change(to state: Member.State) -> Effect {
    self.change(to: self.member.with(state: state))
  }

  /// The node has another weight from now on.
  mutating func change(weight: Double) -> Effect {
    self.change(to: self.member.with(weight: weight))
  }

  private mutating func change(to member: Member) -> Effect {
    self.member = member
    guard case .registered(let lease, let revision) = self.state else { return .none }
    return self.claim(lease, replacing: revision)
  }

  // MARK: - Parts

  private mutating func claim(_ lease: LeaseID, replacing revision: Revision) -> Effect {
    self.state = .claiming(lease, self.member)
    return .claim(self.member, lease, replacing: revision)
  }

  /// Replaces a record that is a leftover, with a higher incarnation: to the others that is a leave and a
  /// join. The node's own, under an earlier lease, keeps its incarnation: its entries are there.
  private mutating func succeed(
    _ found: Member, _ lease: LeaseID, _ revision: Revision
  ) -> Effect {
    if !self.wasRegistered, found.incarnation >= self.member.incarnation {
      // The last one that there is has none above it; no clock gets there.
      self.member = self.member.with(
        incarnation: found.incarnation == .max ? .max : found.incarnation + 1)
    }
    return self.claim(lease, replacing: revision)
  }

  private mutating func refuse(_ error: MembershipError) -> Effect {
    self.state = .refused
    return .refuse(error)
  }
}

extension Member {
  /// The same member, with another state, incarnation or weight.
  func with(
    state: State? = nil, incarnation: UInt64? = nil, weight: Double? = nil
  ) -> Member {
    Member(
      id: self.id, host: self.host, port: self.port, zone: self.zone,
      weight: weight ?? self.weight,
      capacityBytes: self.capacityBytes, state: state ?? self.state, version: self.version,
      incarnation: incarnation ?? self.incarnation, shared: self.shared)
  }
}
