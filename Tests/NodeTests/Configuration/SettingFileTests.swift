import GRPC
import Logging
import Testing

@testable import Node

/// How files that settings name are refused: by what has named them, path, problem and remedy.
@Suite struct SettingFileTests {
  private static let tls = ["tls-cert": "/nonexistent", "tls-key": "/nonexistent"]
  private static let peers = ["peers": "127.0.0.1:7600", "peer-token-file": "/nonexistent"]
  private static let etcd = [
    "etcd": "https://127.0.0.1:1", "etcd-user": "larder", "etcd-password-file": "/dev/null",
  ]

  private func refusal<Read>(_ read: () throws -> Read) -> String? {
    do {
      _ = try read()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func refusal(ofTLS configuration: NodeConfiguration) -> String? {
    self.refusal { try TLSFiles(configuration, logger: Logger(label: "test")) }
  }

  @Test func `by the flag`() throws {
    #expect(
      self.refusal(ofTLS: try load(Self.tls)) == "--tls-cert: \"/nonexistent\" cannot be read: No"
        + " such file or directory. Expected a PEM file that the node's user may read.")
  }

  @Test func `by the variable of the environment`() throws {
    let environment = ["LARDER_TLS_CERT": "/nonexistent", "LARDER_TLS_KEY": "/nonexistent"]
    let message = self.refusal(ofTLS: try load(environment: environment))
    #expect(message?.hasPrefix("LARDER_TLS_CERT: \"/nonexistent\" cannot be read") == true)
  }

  @Test func `by the line of the YAML file`() throws {
    let configuration = try load(yaml: "\ntls-cert: /dev/null\ntls-key: /dev/null\n")
    let message = self.refusal(ofTLS: configuration)
    #expect(message?.hasPrefix("tls-key in /") == true)
    #expect(message?.contains(".yaml, line 3: /dev/null holds no private key") == true)
  }

  @Test func `by the setting's name where a program has given it`() {
    var configuration = NodeConfiguration(coreCount: 1)
    configuration.tls.certificateFile = "/nonexistent"
    configuration.tls.keyFile = "/nonexistent"
    let message = self.refusal(ofTLS: configuration)
    #expect(message?.hasPrefix("tls-cert: \"/nonexistent\" cannot be read") == true)
  }

  @Test func `the token for other nodes, and the password for etcd`() throws {
    let token = self.refusal { try PeerFiles(try load(Self.peers)) }
    #expect(token?.hasPrefix("--peer-token-file: \"/nonexistent\" cannot be read: No such") == true)
    let password = self.refusal { try EtcdFiles(try load(Self.etcd)) }
    #expect(
      password?.hasPrefix("--etcd-password-file: \"/dev/null\" begins with no password") == true)
  }

  @Test func `the tokens of callers`() throws {
    #expect(
      try problems(environment: ["LARDER_TOKENS": "/dev/null"]).first?
        .hasPrefix("LARDER_TOKENS: /dev/null: the file is empty") == true)
  }
}
