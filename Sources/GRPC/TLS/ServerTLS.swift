internal import NIOSSL
internal import Synchronization

/// What a server needs to speak TLS: its identity, and whom it trusts. Can be replaced while the
/// server runs; connections made before keep what they began with.
public final class ServerTLS: Sendable {
  /// What the files of an operator say.
  public struct Configuration: Sendable, Equatable {
    public var identity: TLSIdentity
    /// Certificates of the authorities that clients' certificates must come from; nil: clients are
    /// not asked for one.
    public var clientAuthorities: PEM?
    /// With `clientAuthorities`: a client without a certificate is refused. One with a certificate
    /// that cannot be trusted always is.
    public var requiresClientCertificate = true
    public var minimumVersion = TLSProtocolVersion.v1_2

    public init(identity: TLSIdentity) { self.identity = identity }
  }

  private struct Loaded: Sendable {
    let context: NIOSSLContext
    let expiry: Int64
  }

  private let loaded: Mutex<Loaded>

  public init(_ configuration: Configuration) throws(TLSConfigurationError) {
    self.loaded = Mutex(try Self.load(configuration))
  }

  /// Takes another configuration for the connections made from now on. On an error all stays as it is.
  public func replace(with configuration: Configuration) throws(TLSConfigurationError) {
    let loaded = try Self.load(configuration)
    self.loaded.withLock { $0 = loaded }
  }

  /// When the first certificate of the chain expires, in seconds since 1970.
  public var certificateExpiry: Int64 { self.loaded.withLock { $0.expiry } }

  /// For one connection.
  func makeHandler() -> NIOSSLServerHandler {
    NIOSSLServerHandler(context: self.loaded.withLock { $0.context })
  }

  private static func load(
    _ configuration: Configuration
  ) throws(TLSConfigurationError) -> Loaded {
    let key = try TLSMaterial.key(configuration.identity.key)
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: [], privateKey: .privateKey(key))
    TLSMaterial.share(&tls, minimumVersion: configuration.minimumVersion)
    let expiry = try TLSMaterial.put(
      configuration.identity, into: &tls, now: TLSMaterial.wallClock())
    if let authorities = configuration.clientAuthorities {
      tls.trustRoots = .certificates(try TLSMaterial.certificates(authorities))
      tls.certificateVerification =
        configuration.requiresClientCertificate ? .noHostnameVerification : .optionalVerification
      // Clients with several certificates choose by it.
      tls.sendCANameList = true
    }
    let context = try TLSMaterial.context(tls, identity: configuration.identity)
    return Loaded(context: context, expiry: expiry)
  }
}
