import CacheStore
import Testing

@testable import Node

/// Reads a file of tokens for a node with the namespaces "", "sessions" and "pages".
private func read(_ yaml: String) throws -> CallerTable {
  try TokenFile(yaml: yaml, path: "FILE", namespaces: ["", "sessions", "pages"]).callers
}

private func refusals(_ yaml: String) -> [String] {
  do {
    _ = try read(yaml)
    return []
  } catch let error as ConfigurationError {
    return error.problems.map(\.message)
  } catch {
    return ["\(error)"]
  }
}

extension CallerTable {
  fileprivate func caller(_ token: String) -> Principal? {
    self.caller(token: Array(token.utf8).span.bytes)
  }
}

@Suite struct TokenFileTests {
  @Test func `callers are found by token, by digest and by certificate`() throws {
    let callers = try read(
      """
      - name: web
        token: correct-horse-battery
        roles: [read, write]
        namespaces: [sessions, ""]
      - name: reports
        token-sha256: 8c5c7ffeebe5a7a1b6c8e1e4c3ff7fb0f9d6bd7ef0e6f10b1f1d1e3a2b4c5d6e
        roles: [read]
      - {name: ops, certificate: spiffe://example.com/ops, roles: [admin]}
      - {name: web, token: its-successor-token, roles: [read]}
      """)
    #expect(callers.count == 4)
    let web = try #require(callers.caller("correct-horse-battery"))
    #expect(web.name == "web" && web.roles == [.read, .write])
    let ids = (0..<3).map { NamespaceID(rawValue: $0) }
    #expect(ids.map { web.mayUse($0) } == [true, true, false])
    #expect(!web.mayUse(nil))

    let successor = try #require(callers.caller("its-successor-token"))
    #expect(successor.name == "web" && successor.roles == .read)
    #expect(ids.allSatisfy { successor.mayUse($0) } && successor.mayUse(nil))

    let ops = try #require(callers.caller(certificateNames: ["x", "spiffe://example.com/ops"]))
    #expect(ops.name == "ops" && ops.roles == .admin)
    #expect(callers.caller(certificateNames: ["SPIFFE://example.com/ops"]) == nil)
    #expect(callers.caller(certificateNames: []) == nil)
    for other in ["", "correct-horse-batterx", "correct-horse-battery ", "web"] {
      #expect(callers.caller(other) == nil)
    }
  }

  @Test func `a digest in the file stands for its token`() throws {
    // From: printf %s abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq | sha256sum
    let callers = try read(
      """
      - name: a
        token-sha256: 248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1
        roles: [peer]
      """)
    let token = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    #expect(callers.caller(token)?.roles == .peer)
  }

  private static let roles = "a list of read, write, admin, peer"
  private static let token =
    "16 to 4096 characters of A-Z a-z 0-9 - . _ ~ + / =, for example from: openssl rand -hex 32"
  private static let oneCredential =
    "of token, token-sha256, certificate. Expected one of them, for a caller is known by one thing;"
    + " make an entry for each."

  @Test(arguments: [
    ("", "tokens: FILE: the file is empty: nobody could call. Expected a list"),
    ("[]", "tokens: FILE: the list is empty: nobody could call. Expected a list"),
    ("a: b", "tokens: FILE, line 1: found a map. Expected a list of callers"),
    ("- {", "tokens: FILE, line 2: this is not valid YAML"),
    ("- secret", "tokens: FILE, line 1: entry 1: found a text. Expected a map"),
    (
      "- {name: a, token: 0123456789abcdef}",
      "tokens: FILE, line 1: entry 1 (a): roles is missing. Expected \(roles)."
    ),
    (
      "- {name: a, token: 0123456789abcdef, roles: []}",
      "tokens: FILE, line 1: entry 1 (a): roles is an empty list. Expected \(roles)."
    ),
    (
      "- {name: a, token: 0123456789abcdef, roles: read}",
      "tokens: FILE, line 1: entry 1 (a): roles is \"read\". Expected \(roles)."
    ),
    (
      "- {name: a, token: 0123456789abcdef, roles: [raed]}",
      "tokens: FILE, line 1: entry 1 (a): no role is named \"raed\". Expected \(roles)."
        + " Did you mean read?"
    ),
    (
      "- {name: a, token: 0123456789abcde, roles: [read]}",
      "tokens: FILE, line 1: entry 1 (a): token has 15 characters and could be guessed."
        + " Expected \(token)."
    ),
    (
      "- {name: a, token: 0123456789 bcdef, roles: [read]}",
      "tokens: FILE, line 1: entry 1 (a): token has a character that no token can have."
        + " Expected \(token)."
    ),
    (
      "- {name: a, token-sha256: abc, roles: [read]}",
      "tokens: FILE, line 1: entry 1 (a): token-sha256 is no SHA-256 digest."
        + " Expected 64 hexadecimal digits, as from: printf %s \"$TOKEN\" | sha256sum."
    ),
    (
      "- {name: a, roles: [read]}",
      "tokens: FILE, line 1: entry 1 (a): found none \(oneCredential)"
    ),
    (
      "- {name: a, token: 0123456789abcdef, certificate: b, roles: [read]}",
      "tokens: FILE, line 1: entry 1 (a): found token and certificate \(oneCredential)"
    ),
    (
      "- {name: a b, token: 0123456789abcdef, roles: [read]}",
      "tokens: FILE, line 1: entry 1: name \"a b\"."
        + " Expected a name of 1 to 128 characters of A-Z a-z 0-9 . _ -."
    ),
    (
      "- {name: a, token: 0123456789abcdef, roles: [read], namespaces: [sesions]}",
      "tokens: FILE, line 1: entry 1 (a): no namespace is named \"sesions\". Expected a list of"
        + " namespaces of this node (\"\" is the default one), or no such key for all of them."
        + " Did you mean sessions?"
    ),
    (
      "- {name: a, token: 0123456789abcdef, roles: [read], namespaces: []}",
      "tokens: FILE, line 1: entry 1 (a): namespaces is an empty list. Expected a list of"
        + " namespaces of this node (\"\" is the default one), or no such key for all of them."
    ),
    (
      "- {name: a, token: 0123456789abcdef, rolls: [read], roles: [read]}",
      "tokens: FILE, line 1: entry 1 (a): no key is named \"rolls\". Did you mean roles?"
    ),
    (
      "- {name: a, token: 0123456789abcdef, token: fedcba9876543210, roles: [read]}",
      "tokens: FILE, line 1: \"token\" is given more than once."
    ),
  ])
  func `a mistake is refused with its place and what to write instead`(
    yaml: String, message: String
  ) {
    let refusals = refusals(yaml)
    #expect(refusals.count == 1)
    #expect(refusals.first?.hasPrefix(message) == true, "\(refusals)")
  }

  @Test func `every mistake is told, and no token with it`() {
    let refusals = refusals(
      """
      - name: web
        token: "p4ss word"
        roles: [reed]
      - name: ops
        token: hunter2
      """)
    #expect(refusals.count == 4)
    #expect(refusals.allSatisfy { $0.hasPrefix("tokens: FILE, line ") })
    #expect(!refusals.contains { $0.contains("p4ss") || $0.contains("hunter2") })
  }

  @Test func `a token or certificate that stands there twice is refused`() {
    #expect(
      refusals(
        """
        - {name: a, token: 0123456789abcdef, roles: [read]}
        - {name: b, token: 0123456789abcdef, roles: [admin]}
        - {name: c, certificate: x, roles: [read]}
        - {name: c, certificate: x, roles: [read]}
        """) == [
          "tokens: FILE, line 2: entry 2 (b) has the same token as entry 1 (a)."
            + " Expected each token once.",
          "tokens: FILE, line 4: entry 4 (c) has the same certificate as entry 3 (c)."
            + " Expected each certificate once.",
        ])
  }

  @Test(arguments: [
    (128, 16, 1), (1, 4_096, 1), (1, 16, 1_024),
  ])
  func `names, tokens and certificates are taken up to their limits`(
    name: Int, token: Int, certificate: Int
  ) throws {
    func yaml(_ name: Int, _ token: Int, _ certificate: Int) -> String {
      let text = { String(repeating: "t", count: $0) }
      return """
        - {name: \(text(name)), token: \(text(token)), roles: [read]}
        - {name: n, certificate: \(text(certificate)), roles: [read]}
        """
    }
    #expect(try read(yaml(name, token, certificate)).count == 2)
    if name > 1 { #expect(refusals(yaml(name + 1, token, certificate)).count == 1) }
    if token > 16 { #expect(refusals(yaml(name, token + 1, certificate)).count == 1) }
    if certificate > 1 { #expect(refusals(yaml(name, token, certificate + 1)).count == 1) }
  }

  @Test func `a file of 1 MiB is read and one byte more refused`() throws {
    let entry = "- {name: a, token: 0123456789abcdef, roles: [read]}\n#"
    let padding = String(repeating: " ", count: TokenFile.fileMaxBytes - entry.utf8.count)
    try withFile(Array((entry + padding).utf8)) { path in
      let file = try TokenFile(path: path, namespaces: [""])
      #expect(file.callers.count == 1)
    }
    try withFile(Array((entry + padding + " ").utf8)) { path in
      let error = #expect(throws: ConfigurationError.self) {
        try TokenFile(path: path, namespaces: [""])
      }
      #expect(error?.description.contains("is larger than 1MiB") == true)
    }
  }

  @Test func `a thousand entries are taken and one more refused`() throws {
    let entries = (0...TokenFile.entriesMax).map {
      "- {name: a, certificate: c\($0), roles: [read]}"
    }
    #expect(try read(entries.dropLast().joined(separator: "\n")).count == TokenFile.entriesMax)
    #expect(
      refusals(entries.joined(separator: "\n")) == [
        "tokens: FILE: 1001 entries. Expected at most 1000."
      ])
  }
}
