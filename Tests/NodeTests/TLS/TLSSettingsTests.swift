import Testing

@testable import Node

@Suite struct TLSSettingsTests {
  private static let tls = ["tls-cert": "c.pem", "tls-key": "k.pem"]

  @Test func `plaintext only, TLS only and both are each a line`() throws {
    #expect(try load(["listen": "127.0.0.1:1"]).tls == TLSSettings())
    let only = try load(Self.tls).tls
    #expect(only.certificateFile == "c.pem" && only.keyFile == "k.pem")
    #expect(only.plaintextListen == nil)
    let both = try load(Self.tls.merging(["plaintext-listen": "127.0.0.1:0"]) { $1 }).tls
    #expect(both.plaintextListen == HostPort(host: "127.0.0.1", port: 0))
  }

  @Test(arguments: [
    (
      ["tls-cert": "c.pem"],
      "--tls-cert needs its private key. Give it with tls-key as well."
    ),
    (
      ["tls-key": "k.pem"],
      "--tls-key makes sense only with a certificate. Give it with tls-cert as well."
    ),
    (
      ["tls-ca": "a.pem"],
      "--tls-ca makes sense only with a certificate. Give it with tls-cert as well."
    ),
    (
      ["plaintext-listen": "127.0.0.1:1"],
      "--plaintext-listen makes sense only beside TLS: without tls-cert, listen is plaintext"
        + " already."
    ),
    (
      Self.tls.merging(["tls-client-auth": "request"]) { $1 },
      "--tls-client-auth needs the authorities that certificates must come from. Give them with"
        + " tls-ca."
    ),
    (
      Self.tls.merging(["listen": "127.0.0.1:9", "plaintext-listen": "127.0.0.1:9"]) { $1 },
      "--plaintext-listen is the address of listen. Choose another port."
    ),
  ])
  func `settings that need another are refused without it`(
    flags: [String: String], message: String
  ) throws {
    #expect(try problems(flags) == [message])
  }

  @Test(arguments: [
    (
      ["tls-min-version": "1.1"],
      "--tls-min-version: \"1.1\" is no version. Expected one of 1.2, 1.3."
    ),
    (
      ["tls-client-auth": "maybe"],
      "--tls-client-auth: \"maybe\" is no mode. Expected one of require, request."
    ),
    (["tls-cert": ""], "--tls-cert: \"\" is empty. Expected the path of a file."),
  ])
  func `a value that is none is refused with those that are`(
    flags: [String: String], message: String
  ) throws {
    #expect(try problems(flags) == [message])
  }
}
