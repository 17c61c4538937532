import Foundation
import NIOSSL
import Testing
import X509

@testable import GRPC

/// What is made of certificates and keys, and how those that cannot be used are refused.
@Suite struct TLSMaterialTests {
  private static func refusal(_ configuration: ServerTLS.Configuration) -> String? {
    do throws(TLSConfigurationError) {
      _ = try ServerTLS(configuration)
      return nil
    } catch {
      return error.description
    }
  }

  private static func refusal(_ configuration: ClientTLS.Configuration) -> String? {
    do throws(TLSConfigurationError) {
      _ = try ClientTLS(configuration)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `a good identity is taken, and its end is known`() throws {
    let identity = try TestAuthority().issue("server", lifetime: -10...86_400)
    let tls = try ServerTLS(ServerTLS.Configuration(identity: identity))
    let left = tls.certificateExpiry - TLSMaterial.wallClock()
    #expect((86_000...86_402).contains(left))
  }

  @Test func `a key of another certificate is refused by name`() throws {
    let authority = try TestAuthority()
    let (one, other) = (try authority.issue("one"), try authority.issue("other"))
    let mixed = TLSIdentity(certificate: one.certificate, key: other.key)
    #expect(
      Self.refusal(ServerTLS.Configuration(identity: mixed))
        == "other-key.pem is not the key of the first certificate in one.pem. Give the key that the"
        + " certificate was made for.")
  }

  @Test func `a certificate that is not valid now is refused by name`() throws {
    let authority = try TestAuthority()
    let old = try authority.issue("old", lifetime: -100 ... -1)
    let early = try authority.issue("early", lifetime: 100...200)
    let message = try #require(Self.refusal(ServerTLS.Configuration(identity: old)))
    #expect(message.hasPrefix("old.pem holds a certificate that expired on 2"))
    let other = try #require(Self.refusal(ServerTLS.Configuration(identity: early)))
    #expect(other.hasPrefix("early.pem holds a certificate that is not valid before 2"))
  }

  @Test func `text that is no PEM is refused by name`() throws {
    let identity = try TestAuthority().issue("server")
    let text = PEM(name: "notes.txt", origin: "--file", bytes: Array("hello".utf8))
    for wrong in [
      TLSIdentity(certificate: text, key: identity.key),
      TLSIdentity(certificate: identity.certificate, key: text),
    ] {
      let message = Self.refusal(ServerTLS.Configuration(identity: wrong))
      #expect(message?.hasPrefix("--file: notes.txt holds no ") == true)
    }
    var configuration = ServerTLS.Configuration(identity: identity)
    configuration.clientAuthorities = text
    let message = Self.refusal(configuration)
    #expect(message?.hasPrefix("--file: notes.txt holds no certificate") == true)
  }

  @Test func `a refused replacement leaves the old one in use`() throws {
    let authority = try TestAuthority()
    let tls = try ServerTLS(ServerTLS.Configuration(identity: try authority.issue("server")))
    let before = tls.certificateExpiry
    #expect(throws: TLSConfigurationError.self) {
      try tls.replace(
        with: ServerTLS.Configuration(identity: authority.issue("old", lifetime: -9 ... -1)))
    }
    #expect(tls.certificateExpiry == before)
    try tls.replace(
      with: ServerTLS.Configuration(identity: authority.issue("new", lifetime: -9...172_800)))
    #expect(tls.certificateExpiry > before)
  }

  @Test(arguments: ["127.0.0.1", "::1", "", "two words", "a:1", String(repeating: "a", count: 254)])
  func `a server name that no certificate can have is refused`(name: String) throws {
    var configuration = ClientTLS.Configuration()
    configuration.authorities = try TestAuthority().pem
    configuration.serverName = name
    #expect(Self.refusal(configuration)?.contains("is no DNS name") == true)
  }

  @Test func `DNS names, URIs, addresses and the common name are names, each once`() throws {
    let identity = try TestAuthority().issue(
      "b.example",
      names: [
        .dnsName("a.example"), .uniformResourceIdentifier("spiffe://example/app"),
        .dnsName("b.example"), .rfc822Name("me@example"), .loopback,
      ])
    let certificates = try NIOSSLCertificate.fromPEMBytes(identity.certificate.bytes)
    let certificate = try #require(certificates.first)
    #expect(
      try CertificateNames.all(of: certificate) == [
        "a.example", "spiffe://example/app", "b.example", "127.0.0.1",
      ])
    // An address is no caller's name, and a URI nothing that a server is called by.
    #expect(
      try CertificateNames.identities(of: certificate) == [
        "a.example", "spiffe://example/app", "b.example",
      ])
    #expect(try CertificateNames.servers(of: certificate) == ["a.example", "b.example"])
  }

  @Test func `names that a stranger chose are shown in part, and harm no terminal`() throws {
    let long = String(repeating: "a", count: 101)
    let identity = try TestAuthority().issue(
      "\u{1b}[2Jé", names: [.dnsName(long)] + (0..<9).map { .dnsName("n\($0)") })
    let few = try TestAuthority().issue("\u{1b}[2Jé", names: [.dnsName("a")])
    func text(_ identity: TLSIdentity) throws -> String {
      let certificate = try NIOSSLCertificate.fromPEMBytes(identity.certificate.bytes).first
      return TLSReason.text(NIOSSLExtraError.failedToValidateHostname, of: certificate)
    }
    #expect(
      try text(identity) == "its certificate is for \(long.dropLast()), n0, n1, n2, n3, n4, n5, n6")
    #expect(try text(few) == "its certificate is for a, ?[2J?")
  }

  @Test func `dates are written in UTC`() {
    #expect(TLSDate.text(0) == "1970-01-01 00:00:00 UTC")
    #expect(TLSDate.text(1_795_234_608) == "2026-11-21 04:16:48 UTC")
  }
}
