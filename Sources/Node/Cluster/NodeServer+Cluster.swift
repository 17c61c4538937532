internal import Cluster
internal import GRPC
internal import HashRing
internal import LarderAPI
internal import Logging
internal import NIOCore
internal import NIOPosix

// How a node joins other nodes.
extension NodeServer {
  /// The way to the other nodes; nil: the node stands alone.
  func makeForwarding(_ loops: MultiThreadedEventLoopGroup) throws -> Forwarding? {
    guard !self.configuration.peers.isEmpty else { return nil }
    let own = self.configuration.advertise ?? self.configuration.listen
    let ring = try FixedRing(peers: self.configuration.peers, own: own)
    let table = try RoutingTable(epoch: .fixed, members: ring.members, ownID: ring.ownID)
    var forwarding = ForwardingConfiguration(self.configuration.limits)
    forwarding.ownID = ring.ownID
    forwarding.tls = try TLSFiles.forPeers(self.configuration.tls)
    forwarding.token = try self.configuration.peerTokenFile.map { try Self.token(path: $0) }
    let shares = table.own.map { table.ring.share(of: $0) } ?? 0
    self.logger.info(
      "one of several nodes",
      metadata: [
        "nodes": "\(table.members.count)", "self": "\(ring.ownID)",
        "share": "\((shares * 1000).rounded() / 10) %",
      ])
    return Forwarding(
      table: table, configuration: forwarding, eventLoops: Array(loops.makeIterator()),
      logger: self.logger)
  }

  /// Calls of clients, and, in a cluster, of other nodes.
  func cacheServices(_ cluster: Forwarding?) -> [ServiceRegistration] {
    let cache = CacheService(
      store: self.store, clock: self.clock, configuration: self.configuration,
      namespaces: self.namespaces, isAccessControlled: self.accessControl != nil,
      cluster: cluster)
    guard let cluster else { return [.unary(paths: CacheMethod.allPaths, cache)] }
    cluster.serveAgain { cache.serve($0) }
    let peer = CacheService(
      store: self.store, clock: self.clock, configuration: self.configuration,
      namespaces: self.namespaces, isAccessControlled: self.accessControl != nil,
      cluster: cluster, isForPeers: true)
    return [
      .unary(paths: CacheMethod.allPaths, cache), .unary(paths: PeerMethod.allPaths, peer),
    ]
  }

  private static func token(path: String) throws(NodeError) -> BearerToken {
    let text: String
    do throws(FileProblem) {
      text = try readText(path: path, bytesMax: 2 * BearerToken.bytesMax)
    } catch {
      throw .unreadable(Setting.peerTokenFile.name, path, error.reason)
    }
    let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
    let token = text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    do {
      return try BearerToken(Array(token))
    } catch {
      switch error {
      case .empty: throw .noToken(path, "is empty")
      case .tooLong: throw .noToken(path, "is longer than \(BearerToken.bytesMax) characters")
      case .invalidCharacter: throw .noToken(path, "has a character that no token has")
      }
    }
  }
}

extension TLSFiles {
  /// What this node needs to call others that are configured as it is; nil: plaintext.
  static func forPeers(_ settings: TLSSettings) throws -> ClientTLS? {
    guard let certificate = settings.certificateFile, let key = settings.keyFile else { return nil }
    var configuration = ClientTLS.Configuration()
    configuration.identity = TLSIdentity(
      certificate: try self.pem(certificate, .tlsCert), key: try self.pem(key, .tlsKey))
    configuration.authorities = try settings.clientAuthoritiesFile.map { try self.pem($0, .tlsCA) }
    configuration.minimumVersion = settings.minimumVersion
    return try ClientTLS(configuration)
  }
}
