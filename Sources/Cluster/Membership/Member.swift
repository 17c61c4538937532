/// One node as the cluster knows it.
public struct Member: Hashable, Sendable {
  /// Whether a member owns keys.
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// It is there, and owns nothing yet. Can go to `active`.
    case joining
    /// It is on the ring. Can go to `leaving`.
    case active
    /// It owns nothing any more, and hands over what it has. Ends with its registration.
    case leaving
  }

  /// Names the node in the cluster, and places it on the ring.
  public let id: String
  /// Where the other nodes reach it: an address or a name, IPv6 without brackets.
  public let host: String
  /// 1...65535.
  public let port: Int
  /// Where it stands; the owners of a key are in distinct zones as far as there are any.
  public let zone: String
  /// Its part of the keys, relative to the others: above 0, at most `RingNode.weightMax`.
  public let weight: Double
  /// Bytes of memory that it gives to entries; 0: not known.
  public let capacityBytes: UInt64
  /// Whether it owns keys.
  public let state: State
  /// Of the software that it runs, for people.
  public let version: String
  /// Tells its present process from the ones before it, whose entries are gone: a higher one started
  /// later.
  public let incarnation: UInt64
  /// What it has set that the others are to have alike.
  public let shared: SharedSettings

  /// A member whose parts are known to be good.
  public init(
    id: String, host: String, port: Int, zone: String = "", weight: Double = 1,
    capacityBytes: UInt64 = 0, state: State = .active, version: String = "",
    incarnation: UInt64 = 0, shared: SharedSettings = SharedSettings()
  ) {
    self.id = id
    self.host = host
    self.port = port
    self.zone = zone
    self.weight = weight
    self.capacityBytes = capacityBytes
    self.state = state
    self.version = version
    self.incarnation = incarnation
    self.shared = shared
  }

  /// `HOST:PORT`, an IPv6 host in brackets.
  public var address: String {
    self.host.utf8.contains(UInt8(ascii: ":"))
      ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
  }

  /// It has points on the ring.
  public var isOnRing: Bool { self.state == .active }
}
