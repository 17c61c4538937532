internal import CacheStore
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
  func makeCluster(_ loops: MultiThreadedEventLoopGroup) throws -> NodeCluster? {
    if !self.configuration.etcd.endpoints.isEmpty { return try self.makeMember(loops) }
    guard !self.configuration.peers.isEmpty else { return nil }
    let own = self.configuration.advertise ?? self.configuration.listen
    let ring = try FixedRing(peers: self.configuration.peers, own: own)
    let table = try RoutingTable(epoch: .fixed, members: ring.members, ownID: ring.ownID)
    var forwarding = self.makePeers()
    forwarding.ownID = ring.ownID
    let shares = table.own.map { table.ring.share(of: $0) } ?? 0
    self.logger.info(
      "one of several nodes",
      metadata: [
        "nodes": "\(table.members.count)", "self": "\(ring.ownID)",
        "share": "\((shares * 1000).rounded() / 10) %",
      ])
    let made = Forwarding(
      table: table, configuration: forwarding, eventLoops: Array(loops.makeIterator()),
      logger: self.logger)
    self.peerFiles?.whenRead { made.install($0) }
    return NodeCluster(forwarding: made, member: nil)
  }

  /// Until it has joined its cluster the node knows no ring, and serves nobody.
  private func makeMember(_ loops: MultiThreadedEventLoopGroup) throws -> NodeCluster {
    var peers = self.makePeers()
    peers.clock = self.store.clock
    let forwarding = Forwarding(
      table: try RoutingTable(epoch: .unknown, members: [], ownID: "", duty: .none),
      configuration: peers, eventLoops: Array(loops.makeIterator()), logger: self.logger)
    self.peerFiles?.whenRead { forwarding.install($0) }
    let member = try MemberNode(
      self.configuration, forwarding: forwarding, peers: peers, store: self.store,
      clock: self.clock, group: loops, logger: self.logger)
    self.peerFiles?.whenRead { member.install($0) }
    return NodeCluster(forwarding: forwarding, member: member)
  }

  /// How other nodes are called.
  private func makePeers() -> ForwardingConfiguration {
    var peers = ForwardingConfiguration(self.configuration.limits)
    if let files = self.peerFiles { peers.credentials = files.credentials }
    peers.registry = self.channels
    return peers
  }

  /// Calls of clients, and, in a cluster, of other nodes.
  func cacheServices(_ cluster: NodeCluster?) -> [ServiceRegistration] {
    let forwarding = cluster?.forwarding
    let cache = CacheService(
      store: self.store, clock: self.clock, configuration: self.configuration,
      namespaces: self.namespaces, isAccessControlled: self.accessControl != nil,
      cluster: forwarding)
    guard let forwarding else { return [.unary(paths: CacheMethod.allPaths, cache)] }
    forwarding.serveAgain { cache.serve($0) }
    let peer = CacheService(
      store: self.store, clock: self.clock, configuration: self.configuration,
      namespaces: self.namespaces, isAccessControlled: self.accessControl != nil,
      cluster: forwarding, isForPeers: true)
    let reports = cluster?.member.map { member in
      ServiceRegistration.unary(
        paths: [PeerMethod.reportPath], PeerReportService(member: member, forwarding: forwarding))
    }
    return [
      .unary(paths: CacheMethod.allPaths, cache), .unary(paths: PeerMethod.allPaths, peer),
    ] + (reports.map { [$0] } ?? []) + (cluster?.member.map(self.handoverServices) ?? [])
  }
}

extension TLSFiles {
  /// What this node needs to call others that are configured as it is; nil: plaintext.
  static func forPeers(_ node: NodeConfiguration) throws -> ClientTLS? {
    let settings = node.tls
    guard let certificate = settings.certificateFile, let key = settings.keyFile else { return nil }
    var configuration = ClientTLS.Configuration()
    configuration.identity = TLSIdentity(
      certificate: try node.pem(certificate, of: .tlsCert), key: try node.pem(key, of: .tlsKey))
    configuration.authorities = try settings.clientAuthoritiesFile.map {
      try node.pem($0, of: .tlsCA)
    }
    configuration.minimumVersion = settings.minimumVersion
    return try ClientTLS(configuration)
  }
}
