/// Judges whether a node can be a member, before it takes its share of the ring: one that nobody reaches,
/// or that the others refuse, would own keys that nobody gets. No I/O and no clock.
///
/// Its address must lead to this very process. Of the other nodes one that takes its credentials is enough,
/// as they may be read anew by one node after the other; those that do not answer have no say.
struct JoinCheck {
  /// What keeps a node from its share.
  enum Fault: Equatable {
    case nobodyAnswers(at: String, why: String)
    /// Another process answers at the address, of this id or another.
    case otherNode(at: String, id: String)
    /// What answers is no node that is to be a member.
    case otherServer(at: String, answer: String)
    /// All that answer do not take this node for a peer; the address and the answer of one.
    case refused(by: String, answer: String)
  }

  /// This node, as it would be registered.
  let member: Member

  /// Whether an answer is of this very process.
  func isSelf(_ answer: AddressAnswer) -> Bool {
    answer == .node(id: self.member.id, incarnation: self.member.incarnation)
  }

  /// Whether somebody else lives under this node's id, given the answer at another address that is
  /// registered under it. A node of another id has got the address since.
  func isTaken(by answer: AddressAnswer) -> Bool {
    switch answer {
    case .node(let id, _): id == self.member.id && !self.isSelf(answer)
    case .refused, .other: true
    case .nobody: false
    }
  }

  /// What is wrong with where this node's own address leads; nil: nothing is. Where its own process does
  /// not take its credentials, the others may, and decide.
  func fault(own answer: AddressAnswer) -> Fault? {
    let address = self.member.address
    switch answer {
    case .node(let id, _): return self.isSelf(answer) ? nil : .otherNode(at: address, id: id)
    case .other(let text): return .otherServer(at: address, answer: text)
    case .nobody(let why): return .nobodyAnswers(at: address, why: why)
    case .refused: return nil
    }
  }

  /// Whether the answer of another node shows that it takes this one's credentials: then no more need to
  /// be asked.
  static func isAccepted(_ answer: AddressAnswer) -> Bool {
    if case .node = answer { true } else { false }
  }

  /// What is wrong; nil: this node can take its share.
  ///
  /// - Parameters:
  ///   - own: what its own address has answered.
  ///   - others: what those of other nodes have, as far as they were asked.
  func fault(own: AddressAnswer, others: [(address: String, answer: AddressAnswer)]) -> Fault? {
    if let fault = self.fault(own: own) { return fault }
    if others.contains(where: { Self.isAccepted($0.answer) }) { return nil }
    for (address, answer) in others + [(self.member.address, own)] {
      if case .refused(let text) = answer { return .refused(by: address, answer: text) }
    }
    return nil
  }
}

extension JoinCheck.Fault: CustomStringConvertible {
  /// For people: what is wrong, and the remedy.
  var description: String {
    switch self {
    case .nobodyAnswers(let address, let why):
      "nobody answers at \(address), where other nodes are to reach this one (\(why)): check"
        + " --advertise, and that the address leads here"
    case .otherNode(let address, let id):
      "another process, of the node \(id), answers at \(address), where other nodes are to reach this"
        + " one: give each node an address of its own with --advertise"
    case .otherServer(let address, let answer):
      "no node of this cluster answers at \(address), where other nodes are to reach this one"
        + " (\(answer)): check --advertise"
    case .refused(let address, let answer):
      "\(address) does not take this node for a peer (\(answer)), nor does any other node: check that"
        + " what it shows, by --peer-token-file or its certificate, has the role peer in the nodes' file"
        + " of --tokens"
    }
  }
}
