/// Everybody who may call the node, found by what they present. Replaced whole by a reload.
struct CallerTable: Sendable {
  private let digests: [TokenDigest]
  /// By the index of their digest.
  private let tokenCallers: [Principal]
  private let certificateCallers: [String: Principal]

  init(
    tokens: [(digest: TokenDigest, caller: Principal)],
    certificates: [(name: String, caller: Principal)]
  ) {
    self.digests = tokens.map(\.digest)
    self.tokenCallers = tokens.map(\.caller)
    // The file of tokens has each name once.
    self.certificateCallers = Dictionary(certificates) { first, _ in first }
  }

  /// How many credentials there are.
  var count: Int { self.digests.count + self.certificateCallers.count }

  /// Whose token it is, or nil. Takes as long for one entry as for another, and for none: neither
  /// the token nor which entries are close to it can be learned from the time.
  func caller(token: RawSpan) -> Principal? {
    let digest = TokenDigest(of: token)
    var found: UInt64 = 0
    for index in self.digests.indices {
      // The digests differ from each other, so at most one is equal, and adds its index from 1.
      found |= UInt64(index + 1) * self.digests[index].equals(digest)
    }
    return found == 0 ? nil : self.tokenCallers[Int(found) - 1]
  }

  /// Whom a verified certificate names, or nil. The first of its names that is known counts.
  func caller(certificateNames: [String]) -> Principal? {
    for name in certificateNames {
      if let caller = self.certificateCallers[name] { return caller }
    }
    return nil
  }
}
