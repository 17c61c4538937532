import Crypto
import Foundation
import SwiftASN1
import X509

@testable import GRPC

/// An authority made for a test, and those that it vouches for.
struct TestAuthority {
  let pem: PEM
  private let name: DistinguishedName
  private let key = P256.Signing.PrivateKey()

  init(_ name: String = "test authority") throws {
    self.name = try DistinguishedName { CommonName(name) }
    let certificate = try Self.sign(
      subject: self.name, self.key.publicKey, issuer: self.name, self.key,
      lifetime: -86_400...86_400,
      try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
      })
    self.pem = PEM(name: "ca.pem", bytes: try certificate.pemBytes)
  }

  /// - Parameter lifetime: in seconds from now.
  func issue(
    _ commonName: String, names: [GeneralName] = [.dnsName("localhost"), .loopback],
    lifetime: ClosedRange<TimeInterval> = -86_400...86_400
  ) throws -> TLSIdentity {
    let key = P256.Signing.PrivateKey()
    let certificate = try Self.sign(
      subject: try DistinguishedName { CommonName(commonName) }, key.publicKey,
      issuer: self.name, self.key, lifetime: lifetime,
      try Certificate.Extensions { SubjectAlternativeNames(names) })
    return TLSIdentity(
      certificate: PEM(name: "\(commonName).pem", bytes: try certificate.pemBytes),
      key: PEM(name: "\(commonName)-key.pem", bytes: Array(key.pemRepresentation.utf8)))
  }

  private static func sign(
    subject: DistinguishedName, _ publicKey: P256.Signing.PublicKey,
    issuer: DistinguishedName, _ issuerKey: P256.Signing.PrivateKey,
    lifetime: ClosedRange<TimeInterval>, _ extensions: Certificate.Extensions
  ) throws -> Certificate {
    try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(),
      publicKey: Certificate.PublicKey(publicKey),
      notValidBefore: Date(timeIntervalSinceNow: lifetime.lowerBound),
      notValidAfter: Date(timeIntervalSinceNow: lifetime.upperBound),
      issuer: issuer, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(issuerKey))
  }
}

extension Certificate {
  fileprivate var pemBytes: [UInt8] {
    get throws { Array(try self.serializeAsPEM().pemString.utf8) }
  }
}

extension GeneralName {
  /// 127.0.0.1.
  static let loopback = GeneralName.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))
}
