import Testing

@testable import Node

/// A node that other machines can reach, and what it takes to run one.
@Suite struct ExposureTests {
  @Test(arguments: [
    ("127.0.0.1", true), ("127.255.0.9", true), ("::1", true), ("localhost", true),
    ("LOCALHOST", true), ("0.0.0.0", false), ("::", false), ("10.0.0.1", false),
    ("127.example.com", false), ("localhost.example.com", false), ("::ffff:127.0.0.1", false),
  ])
  func `only this machine reaches a loopback address`(host: String, isLoopback: Bool) {
    #expect(HostPort(host: host, port: 1).isLoopback == isLoopback)
  }

  @Test(arguments: ["0.0.0.0:7600", "[::]:7600", "cache-1:7600", "10.0.0.1:7600"])
  func `a node that does not know its callers stays on its machine`(address: String) throws {
    #expect(
      try problems(["listen": address]) == [
        "listen (\(address) from --listen) lets other machines in, but the node would not know who"
          + " calls: whoever reaches it could read and delete everything. Give the callers tokens"
          + " (--tokens), demand client certificates (--tls-ca), or say --insecure if the network"
          + " keeps others out."
      ])
  }

  @Test func `an operator may want it all the same, and is warned`() throws {
    let configuration = try load(["listen": "0.0.0.0:7600", "insecure": "true"])
    #expect(configuration.warnings.count == 1)
    #expect(configuration.warnings.first?.contains("--insecure") == true)
  }

  @Test func `a node on its own machine needs neither, and warns of nothing`() throws {
    #expect(try load(["listen": "127.0.0.1:7600"]).warnings == [])
    #expect(try load(["listen": "[::1]:7600", "insecure": "true"]).warnings == [])
  }

  @Test func `a password of etcd's user that can be overheard is warned of`() throws {
    let flags = ["etcd-user": "u", "etcd-password-file": "f"]
    func warnings(_ etcd: String) throws -> [String] {
      try load(flags.merging(["etcd": etcd]) { first, _ in first }).warnings
    }
    #expect(try warnings("127.0.0.1:2379") == [])
    #expect(try warnings("https://etcd-1:2379") == [])
    #expect(try warnings("etcd-1:2379").first?.contains("etcd's user crosses") == true)
  }

  @Test func `with tokens it may listen, and warns that they can be overheard`() throws {
    let yaml = "- {name: a, token: 0123456789abcdef, roles: [read]}"
    try withFile(Array(yaml.utf8)) { path in
      let configuration = try load(["listen": "0.0.0.0:7600", "tokens": path])
      #expect(configuration.tokensFile == path)
      #expect(configuration.warnings.count == 1)
      #expect(configuration.warnings.first?.contains("plain text") == true)
    }
  }

  @Test func `what is wrong with the tokens is told with the rest`() throws {
    try withFile(Array("- {name: a, token: short, roles: [reed]}".utf8)) { path in
      let refused = try problems(["tokens": path, "loops": "0"])
      #expect(refused.count == 3)
      #expect(refused.first?.hasPrefix("--loops") == true)
      #expect(refused.dropFirst().allSatisfy { $0.hasPrefix("--tokens: \(path), line 1: entry 1") })
    }
  }

  @Test func `tokens may name the namespaces of the same start`() throws {
    let tokens = "- {name: a, token: 0123456789abcdef, roles: [read], namespaces: [sessions]}"
    try withFile(Array(tokens.utf8)) { path in
      let yaml = "tokens: \(path)\nnamespaces: [{name: sessions}]"
      let configuration = try load(yaml: yaml)
      #expect(configuration.tokensFile == path)
    }
  }
}
