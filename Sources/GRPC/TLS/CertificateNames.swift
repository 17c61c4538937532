internal import NIOSSL
internal import SwiftASN1
internal import X509

/// The names that a certificate gives its owner.
enum CertificateNames {
  /// By which names the owner is known: DNS names and URIs of the subject alternative names, and,
  /// where there are no alternative names at all, the common names of the subject (RFC 6125, section
  /// 6.4.4): authorities that check the former let anybody choose the latter.
  ///
  /// - Throws: as `all`.
  static func identities(of certificate: NIOSSLCertificate) throws -> [String] {
    try self.names(of: certificate, withCommonNames: false)
  }

  /// DNS names and URIs of the subject alternative names, and the common names of the subject; each
  /// once, in that order. For people.
  ///
  /// - Throws: where the certificate is not what RFC 5280 describes.
  static func all(of certificate: NIOSSLCertificate) throws -> [String] {
    try self.names(of: certificate, withCommonNames: true)
  }

  private static func names(
    of certificate: NIOSSLCertificate, withCommonNames: Bool
  ) throws -> [String] {
    let parsed = try Certificate(derEncoded: try certificate.toDERBytes())
    var names: [String] = []
    let alternatives = try parsed.extensions.subjectAlternativeNames
    for name in alternatives ?? SubjectAlternativeNames() {
      switch name {
      case .dnsName(let text), .uniformResourceIdentifier(let text): names.append(text)
      default: break
      }
    }
    for attribute in parsed.subject.joined()
    where (withCommonNames || alternatives == nil) && attribute.type == .RDNAttributeType.commonName
    {
      if let text = String(attribute.value) { names.append(text) }
    }
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }
  }
}
