public import CacheStore

/// What a node that has lost hashes does for those that own them now. Methods may be called on any thread.
public protocol HandoverSource: Sendable {
  /// Gives hashes up, once no event loop serves any of them any more.
  func seal(_ order: SealOrder) async throws(HandoverRefusal) -> SealAnswer

  /// The heir gives a sign of life: it still wants what the node holds for it, whatever it is waiting for.
  /// Waits for a lock that others hold for milliseconds: not for event loops.
  func heard(from heir: MemberProcess)

  /// Whether a key with this hash is sealed for the heir, so that what the node holds of it is the
  /// heir's. For `Peer.Fetch`: must be quick.
  func isSealed(_ hash: UInt64, for heir: MemberProcess) -> Bool

  /// Of `arcs` those that are sealed for the heir: what a migration may stream.
  func sealed(_ arcs: ArcSet, for heir: MemberProcess) -> ArcSet

  /// The heir wants nothing more of what the node has sealed for it: it may be forgotten.
  ///
  /// - Parameter epoch: by which the heir says so: what it has sealed since is another matter.
  func handedOver(_ arcs: ArcSet, to heir: MemberProcess, by epoch: Epoch)
}

/// `Peer.Seal`, asked by the new owner of hashes.
public struct SealOrder: Sendable, Hashable {
  /// Who owns the hashes now.
  public let heir: MemberProcess
  /// By which ring.
  public let epoch: Epoch
  public let arcs: ArcSet
  /// Who has given up to the heir what they had claimed of the process that is asked, and name it.
  public let vias: Set<MemberProcess>

  public init(
    heir: MemberProcess, epoch: Epoch, arcs: ArcSet, vias: Set<MemberProcess> = []
  ) {
    self.heir = heir
    self.epoch = epoch
    self.arcs = arcs
    self.vias = vias
  }
}

/// What a node that has sealed hashes says.
public struct SealAnswer: Sendable, Hashable {
  /// No version in what it holds of them is above this one.
  public var clock: Version
  /// What it holds for the heir.
  public var holdings: [Holding]

  /// Some hashes, and what there is of them.
  public struct Holding: Sendable, Hashable {
    public var arcs: ArcSet
    /// Who may hold older entries: newest first.
    public var predecessors: [Predecessor]
    /// The one of the order's `vias` for whom it was kept; nil: for nobody yet.
    public var via: MemberProcess?
    /// The node never served them, and holds no entries, but may have claimed those of others.
    public var isEmpty: Bool

    public init(
      arcs: ArcSet, predecessors: [Predecessor] = [], via: MemberProcess? = nil,
      isEmpty: Bool = false
    ) {
      self.arcs = arcs
      self.predecessors = predecessors
      self.via = via
      self.isEmpty = isEmpty
    }
  }

  public init(clock: Version, holdings: [Holding]) {
    self.clock = clock
    self.holdings = holdings
  }
}

/// Another process that may hold older entries; or the one that says so itself, for those of its copies that
/// are older than what the ones before it hold.
public struct Predecessor: Sendable, Hashable {
  public let process: MemberProcess
  /// It did own the hashes. Otherwise it may have.
  public let isCertain: Bool
  /// It must give the hashes up, and what it holds is of no use: what was newer is lost.
  public let isSuperseded: Bool
  /// Of the one that says so itself: the version up to which copies are meant.
  public let through: Version

  public init(
    _ process: MemberProcess, isCertain: Bool, isSuperseded: Bool = false,
    through: Version = .none
  ) {
    self.process = process
    self.isCertain = isCertain
    self.isSuperseded = isSuperseded
    self.through = through
  }
}

/// Why a node does not seal.
public enum HandoverRefusal: Error, Sendable, Hashable {
  /// It has yet to see the heir's epoch, or to get ready: to be asked again soon.
  case wait
  /// It goes by a newer ring, by which it owns some of the hashes.
  case epochPassed
}
