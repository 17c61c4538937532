import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import X509

@testable import GRPC

/// Calls within TLS on loopback sockets, and connections that do not come about.
@Suite struct TLSConnectionTests {
  /// Notes who calls.
  private final class Callers: ServerInterceptor {
    let peers = Mutex<[ConnectionPeer]>([])

    func begin(_ call: borrowing InterceptedCall) throws(Status) {
      let peer = call.peer
      self.peers.withLock { $0.append(peer) }
    }
  }

  /// A server with a listener that speaks TLS, and one that does not.
  private struct Setup {
    let authority: TestAuthority
    let tls: ServerTLS
    let callers: Callers
    let server: Server
    let plaintextPort: Int
    let port: Int

    func client(
      authority: TestAuthority? = nil, identity: TLSIdentity? = nil, serverName: String? = nil
    ) throws -> ClientConfiguration {
      var configuration = ClientTLS.Configuration()
      configuration.authorities = (authority ?? self.authority).pem
      configuration.identity = identity
      configuration.serverName = serverName
      var client = ClientConfiguration()
      client.tls = try ClientTLS(configuration)
      client.connectTimeout = .seconds(60)
      return client
    }

    func channel(
      _ configuration: ClientConfiguration, host: String = "127.0.0.1", port: Int? = nil
    ) -> ClientChannel {
      ClientChannel(
        host: host, port: port ?? self.port, group: MultiThreadedEventLoopGroup.singleton,
        configuration: configuration, logger: silent)
    }

    /// The message of the failure of a call; nil where it went well.
    func problem(
      _ configuration: ClientConfiguration, host: String = "127.0.0.1", port: Int? = nil
    ) async -> String? {
      let channel = self.channel(configuration, host: host, port: port)
      let status = await failure { try await channel.answer([1]) }
      await channel.shutdown()
      guard let status else { return nil }
      #expect(status.code == .unavailable)
      return status.message
    }
  }

  private func withTLS(
    identity: (TestAuthority) throws -> TLSIdentity = { try $0.issue("server") },
    isMutual: Bool = false, handshakeTimeout: TimeAmount = .seconds(60),
    _ body: (Setup) async throws -> Void
  ) async throws {
    let authority = try TestAuthority()
    var configuration = ServerTLS.Configuration(identity: try identity(authority))
    if isMutual { configuration.clientAuthorities = authority.pem }
    let tls = try ServerTLS(configuration)
    let callers = Callers()
    var limits = Server.Configuration()
    limits.interceptors = [callers]
    limits.handshakeTimeout = handshakeTimeout
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)], limits) { server in
      let address = try await server.server.listen(host: "127.0.0.1", port: 0, tls: tls)
      try await body(
        Setup(
          authority: authority, tls: tls, callers: callers, server: server.server,
          plaintextPort: server.port, port: address.port ?? 0))
    }
  }

  @Test func `calls of all sizes go through, beside a listener without TLS`() async throws {
    try await self.withTLS { setup in
      let plaintext = setup.channel(ClientConfiguration(), port: setup.plaintextPort)
      let channel = setup.channel(try setup.client())
      for size in [0, 1, 16_384, 100_000, 3 << 20] {
        let message = pattern(size)
        let (one, other) = (try await channel.answer(message), try await plaintext.answer(message))
        #expect(one == message && other == message)
      }
      await channel.shutdown()
      await plaintext.shutdown()
      let peers = setup.callers.peers.withLock { $0 }
      #expect(peers.filter(\.isEncrypted).count == 5)
      #expect(peers.allSatisfy { $0.certificateNames.isEmpty && $0.address != nil })
    }
  }

  @Test func `the names in a client's certificate are its peer's`() async throws {
    try await self.withTLS(isMutual: true) { setup in
      let identity = try setup.authority.issue(
        "app", names: [.dnsName("app.example"), .uniformResourceIdentifier("spiffe://e/app")])
      let problem = try await setup.problem(setup.client(identity: identity))
      #expect(problem == nil)
      let peer = try #require(setup.callers.peers.withLock { $0.last })
      #expect(peer.certificateNames == ["app.example", "spiffe://e/app"])
    }
  }

  @Test func `a client without a certificate, or with a stranger's, makes no call`() async throws {
    try await self.withTLS(isMutual: true) { setup in
      let stranger = try TestAuthority("stranger").issue("app")
      for identity in [nil, stranger] {
        // Which of the server's words come before its end is up to the network.
        let problem = try await setup.problem(setup.client(identity: identity))
        #expect(problem != nil)
      }
      #expect(setup.callers.peers.withLock { $0.isEmpty })
      try await eventually("both are counted") { setup.server.handshakeFailures == 2 }
      let known = try setup.authority.issue("app")
      #expect(await setup.problem(try setup.client(identity: known)) == nil)
      let metrics = await setup.server.metrics()
      #expect(metrics.handshakes == 1 && metrics.handshakeFailures == 2)
      try await eventually("both are gone") { setup.server.connections == 0 }
    }
  }

  @Test func `an authority that is not trusted is told in words`() async throws {
    try await self.withTLS { setup in
      let message = try await setup.problem(setup.client(authority: TestAuthority("other")))
      #expect(
        message == "cannot connect to 127.0.0.1:\(setup.port): its certificate (localhost,"
          + " 127.0.0.1, server) does not come from an authority that is trusted here")
    }
  }

  @Test func `a certificate for another name is told in words`() async throws {
    try await self.withTLS(identity: { try $0.issue("server", names: [.dnsName("a.example")]) }) {
      setup in
      let peer = "cannot connect to 127.0.0.1:\(setup.port)"
      let byAddress = try await setup.problem(setup.client())
      #expect(byAddress == "\(peer): its certificate is for a.example, server, not for 127.0.0.1")
      let byWrongName = try await setup.problem(setup.client(serverName: "b.example"))
      #expect(byWrongName == "\(peer): its certificate is for a.example, server, not for b.example")
      let byName = try await setup.problem(setup.client(serverName: "a.example"))
      #expect(byName == nil)
    }
  }

  @Test func `whoever calls a name takes no certificate for its address`() async throws {
    try await self.withTLS(identity: { try $0.issue("server", names: [.loopback]) }) { setup in
      let byAddress = try await setup.problem(setup.client())
      #expect(byAddress == nil)
      let wrong = "its certificate is for 127.0.0.1, server, not for"
      let byName = try await setup.problem(setup.client(serverName: "cache.example"))
      #expect(byName == "cannot connect to 127.0.0.1:\(setup.port): \(wrong) cache.example")
      let byHost = try await setup.problem(setup.client(), host: "localhost")
      #expect(byHost == "cannot connect to localhost:\(setup.port): \(wrong) localhost")
    }
  }

  @Test func `a name is taken, or a wildcard for it, whatever the address`() async throws {
    let names: [GeneralName] = [.loopback, .dnsName("cache.example"), .dnsName("*.a.example")]
    try await self.withTLS(identity: { try $0.issue("server", names: names) }) { setup in
      for name in ["cache.example", "Cache.Example.", "one.a.example"] {
        let problem = try await setup.problem(setup.client(serverName: name))
        #expect(problem == nil, "\(name)")
      }
      for name in ["server", "example", "one.cache.example", "a.example", "two.one.a.example"] {
        let problem = try await setup.problem(setup.client(serverName: name))
        #expect(problem?.hasSuffix(", not for \(name)") == true, "\(name)")
      }
    }
  }

  @Test func `a client that speaks TLS to a plaintext port is told so`() async throws {
    try await self.withTLS { setup in
      let problem = try await setup.problem(setup.client(), port: setup.plaintextPort)
      #expect(
        problem == "cannot connect to 127.0.0.1:\(setup.plaintextPort): the peer does not speak TLS"
      )
    }
  }

  @Test func `a client without TLS fails at a port that wants it`() async throws {
    try await self.withTLS { setup in
      // Or a reset, where the alert of TLS does not come before it.
      let message = await setup.problem(ClientConfiguration())
      #expect(message?.hasPrefix("cannot connect to 127.0.0.1:\(setup.port): ") == true)
      try await eventually("it is counted") { setup.server.handshakeFailures == 1 }
    }
  }

  @Test func `whom a client trusts can be replaced while it is used`() async throws {
    try await self.withTLS { setup in
      let stranger = ClientTLS.Configuration(authorities: try TestAuthority("other").pem)
      let tls = try ClientTLS(stranger)
      var client = ClientConfiguration()
      client.tls = tls
      #expect(await setup.problem(client) != nil)
      try tls.replace(with: ClientTLS.Configuration(authorities: setup.authority.pem))
      #expect(await setup.problem(client) == nil)
      var broken = ClientTLS.Configuration()
      broken.serverName = "127.0.0.1"
      #expect(throws: TLSConfigurationError.self) { try tls.replace(with: broken) }
      #expect(await setup.problem(client) == nil)
    }
  }

  @Test func `a server that stalls in the handshake is given up`() async throws {
    try await self.withTLS { setup in
      let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
      let port = try #require(listener.localAddress?.port)
      var client = try setup.client()
      client.connectTimeout = .milliseconds(100)
      #expect(
        await setup.problem(client, port: port) == "cannot connect to 127.0.0.1:\(port): no TLS"
          + " handshake and HTTP/2 SETTINGS within 0.1 s")
      try await listener.close()
    }
  }

  @Test func `a client that stalls in the handshake is closed, and counted`() async throws {
    try await self.withTLS(handshakeTimeout: .milliseconds(50)) { setup in
      let stalled = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: setup.port).get()
      await stalled.waitUntilClosed()
      try await eventually("it is counted") { setup.server.handshakeFailures == 1 }
      try await eventually("it is gone") { setup.server.connections == 0 }
    }
  }

  @Test func `a failed handshake counts as a connection until its socket is gone`() async throws {
    try await self.withTLS(handshakeTimeout: .milliseconds(5)) { setup in
      // A peer that never closes its side has a second before the server does: on a loaded machine it
      // may take more than one to be seen in it.
      var stalled: [any Channel] = []
      try await eventually("it is counted, and has failed") {
        let failed = setup.server.handshakeFailures
        stalled.append(
          try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: setup.port).get())
        try await eventually("it fails") { setup.server.handshakeFailures > failed }
        return setup.server.connections > 0
      }
      try await eventually("all are gone") { setup.server.connections == 0 }
      for channel in stalled {
        channel.close(promise: nil)
        await channel.waitUntilClosed()
      }
    }
  }

  @Test func `a shutdown does not wait for handshakes`() async throws {
    try await self.withTLS { setup in
      let stalled = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: setup.port).get()
      try await eventually("it was accepted") { setup.server.connections == 1 }
      #expect(await setup.server.shutdown(timeout: .seconds(60)) == 0)
      await stalled.waitUntilClosed()
    }
  }

  @Test func `another certificate counts for new connections and no others`() async throws {
    try await self.withTLS { setup in
      let old = setup.channel(try setup.client())
      #expect(try await old.answer([1]) == [1])
      let other = try TestAuthority("other")
      try setup.tls.replace(with: ServerTLS.Configuration(identity: other.issue("new")))
      #expect(try await old.answer([2]) == [2])
      let trusting = try await setup.problem(setup.client(authority: other))
      #expect(trusting == nil)
      let distrusting = try await setup.problem(setup.client())
      #expect(distrusting != nil)
      await old.shutdown()
    }
  }
}

extension ClientTLS.Configuration {
  fileprivate init(authorities: PEM) {
    self.init()
    self.authorities = authorities
  }
}
