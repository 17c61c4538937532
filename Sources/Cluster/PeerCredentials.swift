public import GRPC

/// How a node proves to its peers that it is one, and whom it trusts. Read anew while the node runs.
public struct PeerCredentials: Sendable {
  /// Nil: plaintext.
  public var tls: ClientTLS?
  /// Nil: nothing is shown, or the certificate does.
  public var token: BearerToken?

  /// Plaintext, and no token.
  public init(tls: ClientTLS? = nil, token: BearerToken? = nil) {
    self.tls = tls
    self.token = token
  }

  /// What each call shows beside the certificate.
  var metadata: Metadata {
    var metadata = Metadata()
    if let token = self.token { metadata.add(BearerToken.metadataName, bytes: token.headerValue) }
    return metadata
  }
}
