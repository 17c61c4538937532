internal import NIOSSL
internal import SwiftASN1
internal import X509

/// The names that a certificate gives its owner.
enum CertificateNames {
  /// DNS names and URIs of the subject alternative names, and the common names of the subject; each
  /// once, in that order.
  ///
  /// - Throws: where the certificate is not what RFC 5280 describes.
  static func all(of certificate: NIOSSLCertificate) throws -> [String] {
    let parsed = try Certificate(derEncoded: try certificate.toDERBytes())
    var names: [String] = []
    for name in try parsed.extensions.subjectAlternativeNames ?? SubjectAlternativeNames() {
      switch name {
      case .dnsName(let text), .uniformResourceIdentifier(let text): names.append(text)
      default: break
      }
    }
    for attribute in parsed.subject.joined()
    where attribute.type == .RDNAttributeType.commonName {
      if let text = String(attribute.value) { names.append(text) }
    }
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }
  }
}
