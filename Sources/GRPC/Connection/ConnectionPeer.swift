public import NIOCore

/// Who is at the other end of a connection.
public final class ConnectionPeer: Sendable {
  /// Nil where the transport has none, as in tests.
  public let address: SocketAddress?
  /// The names that the peer's certificate gives it, once TLS has verified it: DNS names and URIs of
  /// its subject alternative names, and its common name. Empty without a client certificate.
  public let certificateNames: [String]

  /// What is said on the connection is encrypted (TLS).
  public let isEncrypted: Bool

  public init(
    address: SocketAddress?, certificateNames: [String] = [], isEncrypted: Bool = false
  ) {
    self.address = address
    self.isEncrypted = isEncrypted
    self.certificateNames = certificateNames
  }
}
