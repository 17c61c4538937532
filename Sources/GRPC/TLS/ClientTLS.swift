internal import NIOSSL
internal import Synchronization

/// What a client needs to speak TLS: whom it trusts, and who it is. Made once and shared by all
/// connections, since reading the system's authorities takes long. Can be replaced while it is used.
public final class ClientTLS: Sendable {
  /// What the user of a client says.
  public struct Configuration: Sendable, Equatable {
    /// Certificates of the authorities that the server's certificate must come from; nil: those that
    /// the system trusts.
    public var authorities: PEM?
    /// Shown to a server that asks for a certificate; nil: none is shown.
    public var identity: TLSIdentity?
    /// The name that the server's certificate must have, in place of the host that is called; a DNS
    /// name, no address. That the certificate is for the address that is connected to does not count
    /// then.
    public var serverName: String?
    public var minimumVersion = TLSProtocolVersion.v1_2

    public init() {}

    /// Whether a text could be `serverName`.
    public static func isServerName(_ text: String) -> Bool {
      (1...253).contains(text.utf8.count) && !ServerIdentity.isAddress(text)
        && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
  }

  private struct Loaded: Sendable {
    let context: NIOSSLContext
    let serverName: String?
  }

  private let loaded: Mutex<Loaded>

  /// Reads the system's authorities where none are given, which blocks: not for an event loop.
  public init(_ configuration: Configuration) throws(TLSConfigurationError) {
    self.loaded = Mutex(try Self.load(configuration))
  }

  /// Takes another configuration for the connections made from now on. On an error all stays as it is.
  public func replace(with configuration: Configuration) throws(TLSConfigurationError) {
    let loaded = try Self.load(configuration)
    self.loaded.withLock { $0 = loaded }
  }

  private static func load(
    _ configuration: Configuration
  ) throws(TLSConfigurationError) -> Loaded {
    var tls = TLSConfiguration.makeClientConfiguration()
    TLSMaterial.share(&tls, minimumVersion: configuration.minimumVersion)
    if let authorities = configuration.authorities {
      tls.trustRoots = .certificates(try TLSMaterial.certificates(authorities))
    }
    if let identity = configuration.identity {
      _ = try TLSMaterial.put(identity, into: &tls, now: TLSMaterial.wallClock())
    }
    let context = try TLSMaterial.context(tls, identity: configuration.identity)
    if let name = configuration.serverName, !Configuration.isServerName(name) {
      throw TLSConfigurationError(
        description: "\"\(name)\" is no DNS name that a server's certificate could have. Expected"
          + " one such as cache-1.internal.")
    }
    return Loaded(context: context, serverName: configuration.serverName)
  }

  /// For one connection to `host`: its TLS, and whom its certificate must be for.
  func makeHandler(host: String) throws -> (handler: NIOSSLClientHandler, server: ServerIdentity) {
    let loaded = self.loaded.withLock { $0 }
    let server = ServerIdentity(host: loaded.serverName ?? host)
    let handler = try NIOSSLClientHandler(
      context: loaded.context, serverHostname: server.indicatedName)
    return (handler, server)
  }
}
