internal import NIOCore
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
    try self.names(of: certificate, withCommonNames: false) { name in
      switch name {
      case .dnsName(let text), .uniformResourceIdentifier(let text): text
      default: nil
      }
    }
  }

  /// By which DNS names the owner may be called: as `identities`, without the URIs.
  ///
  /// - Throws: as `all`, where there are no alternative names.
  static func servers(of certificate: NIOSSLCertificate) throws -> [String] {
    // Read as NIOSSL does, which knows signatures that X509 refuses, such as RSASSA-PSS.
    let alternatives = certificate._subjectAlternativeNames()
    guard alternatives.isEmpty else {
      return alternatives.lazy.filter { $0.nameType == .dnsName }
        .map { String(decoding: $0.contents, as: UTF8.self) }
    }
    return try self.names(of: certificate, withCommonNames: false) { _ in nil }
  }

  /// DNS names, URIs and addresses of the subject alternative names, and the common names of the
  /// subject; each once, in that order. For people.
  ///
  /// - Throws: where the certificate is not what RFC 5280 describes.
  static func all(of certificate: NIOSSLCertificate) throws -> [String] {
    try self.names(of: certificate, withCommonNames: true) { name in
      switch name {
      case .dnsName(let text), .uniformResourceIdentifier(let text): text
      case .ipAddress(let octets):
        try SocketAddress(packedIPAddress: ByteBuffer(bytes: octets.bytes), port: 0).ipAddress
      default: nil
      }
    }
  }

  /// - Parameter text: of an alternative name, where it is to be among them.
  private static func names(
    of certificate: NIOSSLCertificate, withCommonNames: Bool,
    _ text: (GeneralName) throws -> String?
  ) throws -> [String] {
    let parsed = try Certificate(derEncoded: try certificate.toDERBytes())
    let alternatives = try parsed.extensions.subjectAlternativeNames
    var names = try (alternatives ?? SubjectAlternativeNames()).compactMap(text)
    for attribute in parsed.subject.joined()
    where (withCommonNames || alternatives == nil) && attribute.type == .RDNAttributeType.commonName
    {
      if let text = String(attribute.value) { names.append(text) }
    }
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }
  }
}
