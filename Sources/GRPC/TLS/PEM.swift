/// Text in PEM form (RFC 7468), and where it came from. TLS reads no files here: whoever configures
/// it does, and says by which name people know the text.
public struct PEM: Sendable, Equatable {
  /// Such as the path of the file; for messages.
  public let name: String
  /// What has named the file, such as `--tls-ca`; for messages. Nil: nobody could change it.
  public let origin: String?
  public let bytes: [UInt8]

  public init(name: String, origin: String? = nil, bytes: [UInt8]) {
    self.name = name
    self.origin = origin
    self.bytes = bytes
  }

  /// How a message about it begins.
  var title: String { self.origin.map { "\($0): \(self.name)" } ?? self.name }
}

/// A certificate chain, the owner's certificate first, and the key that it was made for.
public struct TLSIdentity: Sendable, Equatable {
  public let certificate: PEM
  public let key: PEM

  public init(certificate: PEM, key: PEM) {
    self.certificate = certificate
    self.key = key
  }
}

/// The versions of TLS that are spoken; RFC 8996 has buried the older ones.
public enum TLSProtocolVersion: String, Sendable, CaseIterable {
  /// RFC 5246.
  case v1_2 = "1.2"
  /// RFC 8446.
  case v1_3 = "1.3"
}

/// Why certificates and keys cannot be used, in words for the person who configured them: what is
/// wrong, with what, and the remedy.
public struct TLSConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String
}
