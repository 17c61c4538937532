public import CacheStore
public import Logging

internal import NIOCore

/// Everything one node is told at start. Immutable once the node runs.
///
/// `load` builds it from flags, environment and file and checks it. One built by hand, as tests do,
/// is checked with `problems`.
public struct NodeConfiguration: Sendable, Equatable {
  /// Where the node accepts connections. Port 0: a free one, known once it is bound.
  public var listen = HostPort(host: "127.0.0.1", port: 7600)
  /// Where the admin pages are served over HTTP; nil: nowhere. Port 0: a free one.
  public var admin: HostPort? = HostPort(host: "127.0.0.1", port: 7680)
  /// Where others reach the node; nil: where it listens. Port 0: the port that `listen` got.
  public var advertise: HostPort?
  /// The node's name among its peers; nil: the advertised address.
  public var nodeID: String?
  /// Who speaks TLS, and with which files.
  public var tls = TLSSettings()
  /// All nodes of a cluster that never changes, this one among them; empty: the node stands alone.
  public var peers: [HostPort] = []
  /// The etcd that keeps the cluster, in place of `peers`.
  public var etcd = EtcdSettings()
  /// How the node stands in that cluster.
  public var member = MemberSettings()
  /// The file of the token that other nodes are shown; nil: none is.
  public var peerTokenFile: String?
  /// Event loops, each a thread of its own; 1...1024.
  public var loops: Int
  /// The YAML file that was read, if any.
  public var configFile: String?
  /// Byte budget of the store: keys, values and all per-entry overhead.
  public var memoryBytes = 1 << 30
  /// Which entries stay when the memory is full.
  public var policy: EvictionPolicy = .default
  /// Where the node keeps its entries while it is not running; nil: nowhere.
  public var snapshotDirectory: String?
  /// The file of who may call (`TokenFile`); nil: everybody may.
  public var tokensFile: String?
  /// Whether the node serves other machines though it does not know who calls.
  public var isInsecure = false
  /// Records below this level are not written.
  public var logLevel: Logger.Level = .info
  /// How records look.
  public var logFormat: LogFormat = .auto
  /// Which calls are logged, at level info.
  public var accessLog: AccessLogMode = .off
  /// What replies are compressed with.
  public var compression: ReplyCompression = .off
  /// What bounds the node; validated together with `memoryBytes`.
  public var limits: NodeLimits
  /// The default namespace (`""`) first, then those of the file, in its order.
  public var namespaces: [NamespaceConfiguration]
  /// Where `load` has found the settings; for messages about the files that they name.
  var origins = SettingOrigins()

  /// The defaults.
  ///
  /// - Parameter coreCount: Gives the number of loops, within their limits. Nil: the cores that
  ///   this process may use, a container's CPU quota taken into account.
  public init(coreCount: Int? = nil) {
    self.loops = min(max(coreCount ?? System.coreCount, 1), NodeLimits.loopsMax)
    self.limits = NodeLimits()
    self.namespaces = [NamespaceConfiguration(name: "", limits: self.limits)]
  }

  /// The address that others are told.
  ///
  /// - Parameter boundPort: The port that `listen` got, which takes the place of a port 0.
  public func advertisedAddress(boundPort: Int) -> HostPort {
    let address = self.advertise ?? self.listen
    return HostPort(host: address.host, port: address.port == 0 ? boundPort : address.port)
  }

  /// The node's name among its peers.
  ///
  /// - Parameter boundPort: As for `advertisedAddress`, which is the name unless one was given.
  public func resolvedNodeID(boundPort: Int) -> String {
    self.nodeID ?? self.advertisedAddress(boundPort: boundPort).description
  }

  /// All settings by name with their values as one would write them, in the table's order.
  ///
  /// For the record that a node writes at start. Settings without a value are left out.
  public var settings: [(name: String, value: String)] {
    Setting.all.compactMap { setting in
      setting.text(in: self).map { (setting.name, $0) }
    }
  }
}
