internal import CacheStore
internal import Cluster
internal import GRPC
internal import Logging
internal import NIOCore
internal import NIOPosix

// What a node puts around its services: who may call, who looks on, and what operators are shown.
extension NodeServer {
  /// In the order in which they see a call: the log hears of refusals too, and a caller that is
  /// known is counted by its name.
  func interceptors(paths: [String]) -> [any ServerInterceptor] {
    var interceptors: [any ServerInterceptor] = []
    if self.configuration.accessLog != .off {
      interceptors.append(AccessLog(mode: self.configuration.accessLog, logger: self.logger))
    }
    let limits = self.configuration.limits
    let rateLimit =
      limits.rateLimitPerClient == 0
      ? nil
      : ClientRateLimit(
        rate: TokenBucket.Rate(perSecond: limits.rateLimitPerClient, burst: limits.rateLimitBurst),
        clientsMax: limits.rateLimitClientsMax, paths: paths)
    if let control = self.accessControl {
      interceptors.append(Authentication(control: control, rateLimit: rateLimit, paths: paths))
    }
    if let rateLimit { interceptors.append(rateLimit) }
    return interceptors
  }

  /// Two calls that work as they stand, but for the files that hold secrets.
  func examples(_ address: SocketAddress) -> Logger.Metadata {
    let target = self.reachable(address)
    var (larder, grpcurl) = self.configuration.tls.clientFlags
    if self.accessControl != nil {
      larder += " --token-file FILE"
      grpcurl += " -H \"authorization: Bearer $(cat FILE)\""
    }
    return [
      "try": "larder set greeting hello --target \(target)\(larder)",
      "or": "grpcurl \(grpcurl) \(target) describe larder.v1.Cache",
    ]
  }

  func startAdmin(
    _ server: Server, _ loops: MultiThreadedEventLoopGroup, _ cluster: NodeCluster?
  ) async throws -> AdminServer? {
    guard let address = self.configuration.admin else { return nil }
    let (store, startedNanoseconds) = (self.store, self.startedNanoseconds)
    let snapshots = self.snapshots
    let pages = AdminPages(
      readiness: self.readiness,
      metrics: { adminHits in
        NodeMetrics(
          version: LarderVersion.current, startedNanoseconds: startedNanoseconds,
          process: ProcessUsage.current(), logLinesLost: LogOutput.standardError.lostLines,
          namespaces: store.namespaces.configurations.map(\.name), store: store.statistics(),
          server: await server.metrics(), adminHits: adminHits,
          cluster: await cluster?.forwarding.snapshot(),
          membership: cluster?.member?.membership?.snapshot,
          handovers: cluster?.member?.migrations.snapshot(), snapshots: snapshots?.metrics
        ).text
      },
      loops: Array(loops.makeIterator()))
    return try await AdminServer.start(address, limits: self.configuration.limits, pages: pages)
  }

  /// Where a client on this machine finds the node.
  func reachable(_ address: SocketAddress) -> HostPort {
    let listen = self.configuration.listen
    return HostPort(
      host: listen.isWildcard ? "127.0.0.1" : listen.host, port: address.port ?? listen.port)
  }
}
