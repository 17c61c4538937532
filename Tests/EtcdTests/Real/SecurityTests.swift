import Crypto
import EtcdTestSupport
import Foundation
import GRPC
import NIOCore
import SwiftASN1
import Testing
import Wire
import X509

@testable import Etcd

/// Against a real etcd with users, or with TLS.
@Suite struct SecurityTests {
  @Test func `a user is known by name and password, also after etcd has forgotten its tokens`()
    async throws
  {
    let process = try EtcdProcess.single(["--auth-token-ttl", "2"])
    try await process.start()
    try await withClient([process.endpoint]) { try await Self.enableUsers($0) }

    let credentials = EtcdCredentials(user: "root", password: "sesame")
    try await withClient([process.endpoint]) {
      $0.credentials = credentials
    } _: { etcd in
      let start = try await etcd.put("k", "1").header.revision
      let watch = etcd.watch(prefix: "k", fromRevision: start)
      let seen = Collected<String>()
      let reader = Task {
        for try await batch in watch { for event in batch.events { seen.append(event.text) } }
      }
      try await eventually("the watch is there") { seen.values == ["k=1"] }
      // The tokens of a simple provider do not outlive it.
      try await process.stop()
      try await process.start()
      try await eventually("etcd takes writes") {
        await failure { () async throws(EtcdError) in try await etcd.put("k", "2") } == nil
      }
      try await eventually("the write is seen") { seen.values.last == "k=2" }
      // Longer than a token lasts.
      try await Task.sleep(for: .seconds(3))
      let value = try await etcd.get("k")
      #expect(value?.value == Array("2".utf8))
      let second = try await etcd.watch(prefix: "k", fromRevision: start).firstText()
      #expect(second == "k=1")
      reader.cancel()
    }

    // Strangers.
    try await withClient([process.endpoint]) { etcd in
      let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
      #expect(error?.reason == .unauthenticated)
      let end = await #expect(throws: WatchEnd.self) {
        for try await _ in etcd.watch(prefix: "k") {}
      }
      #expect("\(String(describing: end))".contains("cancelled"))
    }
    let wrong = EtcdCredentials(user: "root", password: "guess")
    try await withClient([process.endpoint]) {
      $0.credentials = wrong
    } _: { etcd in
      let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
      #expect(error?.reason == .unauthenticated)
      #expect(error?.message.contains("invalid user ID or password") == true)
      // As when the file with the password has changed.
      etcd.install(credentials)
      let value = try await etcd.get("k")
      #expect(value?.value == Array("2".utf8))
    }
    // One who may do nothing.
    let guest = EtcdCredentials(user: "guest", password: "g")
    try await withClient([process.endpoint]) {
      $0.credentials = guest
    } _: { etcd in
      let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
      #expect(error?.reason == .permissionDenied)
      let end = await #expect(throws: WatchEnd.self) {
        for try await _ in etcd.watch(prefix: "k") {}
      }
      #expect("\(String(describing: end))".contains("permission denied"))
    }
  }

  @Test func `credentials do no harm where etcd has no users`() async throws {
    try await withSharedEtcd {
      $0.credentials = EtcdCredentials(user: "a", password: "b")
    } _: {
      etcd, prefix in
      try await etcd.put(prefix + "k", "1")
      let value = try await etcd.get(prefix + "k")
      #expect(value?.value == Array("1".utf8))
    }
  }

  @Test func `TLS is spoken to an etcd whose authority is known, and to no other`() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("larder-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    let (certificate, key) = try Self.selfSigned()
    let files = EtcdProcess.TLSFiles(
      certificate: folder.appendingPathComponent("cert.pem").path,
      key: folder.appendingPathComponent("key.pem").path)
    try certificate.write(toFile: files.certificate, atomically: true, encoding: .utf8)
    try key.write(toFile: files.key, atomically: true, encoding: .utf8)
    let process = try EtcdProcess.single(tls: files)
    try await process.start()
    var endpoint = process.endpoint
    endpoint.isEncrypted = true

    var known = ClientTLS.Configuration()
    known.authorities = PEM(name: "cert.pem", bytes: Array(certificate.utf8))
    let tls = try ClientTLS(known)
    try await withClient([endpoint]) {
      $0.tls = tls
    } _: { etcd in
      let start = try await etcd.put("k", "1").header.revision
      let seen = try await etcd.watch(prefix: "k", fromRevision: start).firstText()
      #expect(seen == "k=1")
    }
    let (other, _) = try Self.selfSigned()
    known.authorities = PEM(name: "other.pem", bytes: Array(other.utf8))
    let stranger = try ClientTLS(known)
    try await withClient([endpoint]) {
      $0.tls = stranger
      $0.callTimeout = .seconds(3)
    } _: { etcd in
      let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
      #expect(error?.reason == .unavailable && error?.message.contains("https://") == true)
    }
  }

  // MARK: - Parts

  /// Users root and guest, in force.
  private static func enableUsers(_ etcd: EtcdClient) async throws {
    let channel = etcd.endpoints.channels[0]
    for (path, texts) in [
      ("UserAdd", ["root", "sesame"]), ("RoleAdd", ["root"]), ("UserGrantRole", ["root", "root"]),
      ("UserAdd", ["guest", "g"]), ("AuthEnable", []),
    ] {
      _ = try await channel.unary(
        "/etcdserverpb.Auth/\(path)", Texts(values: texts).serialized(), timeout: .seconds(60))
    }
  }

  /// The administration of users, which Larder does not do itself: messages of strings.
  private struct Texts: WireMessage {
    let values: [String]

    func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
      for (index, value) in self.values.enumerated() { sink.string(field: index + 1, value) }
    }
  }

  private static func selfSigned() throws -> (certificate: String, key: String) {
    let key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName("etcd") }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(),
      publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: Date(timeIntervalSinceNow: -86_400),
      notValidAfter: Date(timeIntervalSinceNow: 86_400), issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        SubjectAlternativeNames([.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))])
      }, issuerPrivateKey: Certificate.PrivateKey(key))
    return (try certificate.serializeAsPEM().pemString, key.pemRepresentation)
  }
}

extension WatchSequence {
  fileprivate func firstText() async throws -> String? {
    for try await batch in self { return batch.events.first?.text }
    return nil
  }
}
