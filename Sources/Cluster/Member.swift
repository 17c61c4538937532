/// A node as the other nodes of its cluster know it.
public struct Member: Sendable, Hashable {
  /// Where a node is in its life.
  public enum State: String, Sendable {
    /// It has registered and is not in the ring yet.
    case joining
    /// It owns its part of the keys.
    case active
    /// It was told to stop and hands over what it owns.
    case leaving
  }

  /// Names the node, unique in the cluster; places it on the ring.
  public var id: String
  /// A name or an address, an IPv6 one without brackets.
  public var host: String
  public var port: Int
  /// Owners of one key are in distinct zones as far as there are any; empty: none.
  public var zone: String
  /// The node's part of the keys, relative to the others.
  public var weight: Double
  /// Of its software; empty: not known.
  public var version: String
  /// Tells registrations of one id apart; 0: of a fixed ring.
  public var incarnation: UInt64
  public var state: State

  public init(
    id: String, host: String, port: Int, zone: String = "", weight: Double = 1,
    version: String = "", incarnation: UInt64 = 0, state: State = .active
  ) {
    self.id = id
    self.host = host
    self.port = port
    self.zone = zone
    self.weight = weight
    self.version = version
    self.incarnation = incarnation
    self.state = state
  }

  /// `host:port`, an IPv6 address in brackets.
  public var address: String {
    self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
  }
}
