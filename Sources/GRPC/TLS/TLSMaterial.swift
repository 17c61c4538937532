internal import Glibc
internal import NIOCore
internal import NIOSSL

/// Makes what BoringSSL works with out of PEM, and says in words where that fails.
enum TLSMaterial {
  /// How long a close waits for the peer to say goodbye as well. Whatever was written is on its way by
  /// then: waiting only spares an honest peer a reset.
  static let closeTimeout = TimeAmount.seconds(1)

  /// RFC 9113, section 9.2.2: HTTP/2 over TLS 1.2 takes ephemeral keys and AEAD only. The suites of
  /// TLS 1.3 are all of that kind.
  static let cipherSuites: [NIOTLSCipher] = [
    .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  ]

  /// Lays what both ends share over `configuration`.
  static func share(
    _ configuration: inout TLSConfiguration, minimumVersion: TLSProtocolVersion
  ) {
    configuration.minimumTLSVersion = minimumVersion == .v1_3 ? .tlsv13 : .tlsv12
    configuration.cipherSuiteValues = Self.cipherSuites
    configuration.applicationProtocols = [TLSHandshake.http2]
    configuration.shutdownTimeout = Self.closeTimeout
  }

  /// One or more certificates.
  static func certificates(_ pem: PEM) throws(TLSConfigurationError) -> [NIOSSLCertificate] {
    do {
      return try NIOSSLCertificate.fromPEMBytes(pem.bytes)
    } catch {
      throw TLSConfigurationError(
        description: "\(pem.title) holds no certificate that can be read. Expected PEM: lines"
          + " between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----.")
    }
  }

  static func key(_ pem: PEM) throws(TLSConfigurationError) -> NIOSSLPrivateKey {
    do {
      return try NIOSSLPrivateKey(bytes: pem.bytes, format: .pem)
    } catch {
      let text = String(decoding: pem.bytes, as: UTF8.self)
      throw TLSConfigurationError(
        description: text.contains("ENCRYPTED")
          ? "\(pem.title) holds a key that is locked with a passphrase. Unlock it with: openssl pkey"
            + " -in \(pem.name) -out unlocked.pem"
          : "\(pem.title) holds no private key that can be read. Expected PEM: lines between"
            + " -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----, of RSA, EC or Ed25519.")
    }
  }

  /// Puts `identity` into `configuration`.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Returns: when the first certificate of the chain expires, in seconds since 1970.
  static func put(
    _ identity: TLSIdentity, into configuration: inout TLSConfiguration, now: Int64
  ) throws(TLSConfigurationError) -> Int64 {
    let chain = try Self.certificates(identity.certificate)
    for certificate in chain {
      guard certificate.notValidAfter > now else {
        throw TLSConfigurationError(
          description: "\(identity.certificate.title) holds a certificate that expired on"
            + " \(TLSDate.text(Int64(certificate.notValidAfter))). Put a renewed one there.")
      }
      guard certificate.notValidBefore <= now else {
        throw TLSConfigurationError(
          description: "\(identity.certificate.title) holds a certificate that is not valid before"
            + " \(TLSDate.text(Int64(certificate.notValidBefore))). Check the machine's clock.")
      }
    }
    configuration.certificateChain = chain.map { .certificate($0) }
    configuration.privateKey = .privateKey(try Self.key(identity.key))
    return chain.map { Int64($0.notValidAfter) }.min() ?? now
  }

  /// The one step in which BoringSSL sees all parts together.
  static func context(
    _ configuration: TLSConfiguration, identity: TLSIdentity?
  ) throws(TLSConfigurationError) -> NIOSSLContext {
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      if let identity, case NIOSSLError.failedToLoadPrivateKey = error {
        throw TLSConfigurationError(
          description: "\(identity.key.title) is not the key of the first certificate in"
            + " \(identity.certificate.name). Give the key that the certificate was made for.")
      }
      throw TLSConfigurationError(
        description: "TLS cannot be set up: \(TLSReason.text(error, of: nil))")
    }
  }

  /// Seconds since 1970, by the system's wall clock.
  static func wallClock() -> Int64 { Int64(time(nil)) }
}
