internal import NIOCore
internal import NIOSSL

/// Says in words why TLS failed.
enum TLSReason {
  /// Names of a certificate that are shown, and how much of each.
  private static let namesMax = 8
  private static let nameScalarsMax = 100

  /// - Parameters:
  ///   - certificate: the peer's, where it has shown one.
  ///   - expectedName: the name that the certificate was to have.
  static func text(
    _ error: any Error, of certificate: NIOSSLCertificate?, expectedName: String? = nil
  ) -> String {
    switch error {
    case NIOSSLError.handshakeFailed(let error), NIOSSLError.shutdownFailed(let error):
      return self.boring(error, certificate)
    case NIOSSLError.uncleanShutdown: return "the peer closed the connection without ending TLS"
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      return self.wrongName(of: certificate, expectedName: expectedName)
    case let error as BoringSSLError: return self.boring(error, certificate)
    default: return "\(error)"
    }
  }

  /// - Parameters: as of `text`.
  static func wrongName(of certificate: NIOSSLCertificate?, expectedName: String?) -> String {
    let wanted = expectedName.map { ", not for \($0)" } ?? ""
    return "its certificate is for \(self.names(of: certificate))\(wanted)"
  }

  /// True for what comes from TLS, and not from the socket below it.
  static func isAbout(_ error: any Error) -> Bool {
    error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError
  }

  private static func boring(_ error: BoringSSLError, _ certificate: NIOSSLCertificate?) -> String {
    switch error {
    case .sslError(let stack), .unknownError(let stack):
      // The first says what went wrong, the others who noticed.
      guard let first = stack.first else { return "TLS failed without a reason" }
      return self.boring(first, certificate)
    case .zeroReturn: return "the peer ended TLS"
    default: return "the connection was lost within TLS (\(error))"
    }
  }

  /// BoringSSL names its reasons in a text such as
  /// `error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at handshake.cc:298`.
  private static func boring(
    _ error: BoringSSLInternalError, _ certificate: NIOSSLCertificate?
  ) -> String {
    if error == .eofDuringHandshake { return "the peer closed the connection in the handshake" }
    let parts = error.description.split(separator: "OPENSSL_internal:", maxSplits: 1)
    guard parts.count == 2, let code = parts[1].split(separator: " ").first else {
      return error.description
    }
    if let alert = code.split(separator: "_ALERT_", maxSplits: 1).dropFirst().first {
      return "the peer refused with the TLS alert \"\(self.words(alert))\""
    }
    switch code {
    case "CERTIFICATE_VERIFY_FAILED": return self.distrust(certificate, TLSMaterial.wallClock())
    case "PEER_DID_NOT_RETURN_A_CERTIFICATE": return "the peer has shown no certificate"
    case "UNSUPPORTED_PROTOCOL": return "the peer offers no version of TLS that is taken here"
    case "NO_SHARED_CIPHER": return "the peer offers no cipher suite that is taken here"
    case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST":
      return "the peer does not speak TLS"
    default: return self.words(code)
    }
  }

  /// BoringSSL does not tell which of a chain's certificates it would not take, or why; mostly it is
  /// the first.
  private static func distrust(_ certificate: NIOSSLCertificate?, _ now: Int64) -> String {
    guard let certificate else { return "the peer's certificate cannot be trusted" }
    let whose = "its certificate (\(self.names(of: certificate)))"
    if certificate.notValidAfter < now {
      return "\(whose) expired on \(TLSDate.text(Int64(certificate.notValidAfter)))"
    }
    if certificate.notValidBefore > now {
      return "\(whose) is not valid before \(TLSDate.text(Int64(certificate.notValidBefore)))"
    }
    return "\(whose) does not come from an authority that is trusted here"
  }

  private static func names(of certificate: NIOSSLCertificate?) -> String {
    guard let certificate else { return "no name" }
    do {
      // From a peer that nobody trusts yet, on its way to a log or a terminal.
      let names = try CertificateNames.all(of: certificate).prefix(Self.namesMax).map { name in
        String(name.unicodeScalars.prefix(Self.nameScalarsMax).map(Self.printable))
      }
      return names.isEmpty ? "no name" : names.joined(separator: ", ")
    } catch {
      return "names that cannot be read"
    }
  }

  private static func printable(_ scalar: Unicode.Scalar) -> Character {
    (0x20..<0x7f).contains(scalar.value) ? Character(scalar) : "?"
  }

  private static func words(_ code: Substring) -> String {
    String(code.lowercased().map { $0 == "_" ? " " : $0 })
  }
}
