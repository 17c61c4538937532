internal import GRPC
internal import Yams

/// One entry of the file of tokens while it is read.
struct TokenEntryDraft {
  /// What a caller presents.
  enum Credential {
    case token(TokenDigest)
    /// One of the names in the caller's certificate.
    case certificate(String)
  }

  static let keys = ["name", "token", "token-sha256", "certificate", "roles", "namespaces"]
  static let credentialKeys = ["token", "token-sha256", "certificate"]
  static let nameMaxBytes = 128
  static let certificateMaxBytes = 1_024
  /// Shorter ones could be guessed.
  static let tokenMinBytes = 16

  private(set) var problems: [(message: String, line: Int)] = []
  private(set) var credential: Credential?
  private var name: String?
  private var roles: Roles = []
  /// Ids; nil: all.
  private var allowed: [Int]?
  private let index: Int
  private let namespaces: [String]

  /// - Parameters:
  ///   - index: In the list, from 0.
  ///   - namespaces: Names of the node's namespaces, by id.
  init(index: Int, namespaces: [String]) {
    self.index = index
    self.namespaces = namespaces
  }

  /// How messages call the entry: by its number from 1, and its name once that is known.
  var place: String {
    "entry \(self.index + 1)" + (self.name.map { " (\($0))" } ?? "")
  }

  /// Whom the entry is about. Meaningful where there are no problems.
  var principal: Principal {
    Principal(
      name: self.name ?? "", roles: self.roles, namespaces: self.allowed,
      namespaceCount: self.namespaces.count)
  }

  mutating func read(_ node: Yams.Node) {
    let start = line(of: node)
    guard let mapping = node.mapping else {
      return self.refuse(
        "found \(Self.entryShape(node))",
        expected: "a map, such as {name: web, token: ..., roles: [read]}", start)
    }
    var given: [String] = []
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        self.refuse(
          "the name of a key cannot be \(shape(of: key))",
          expected: "one of \(Self.keys.joined(separator: ", "))", line(of: key))
        continue
      }
      given.append(name)
      self.read(name, value, line(of: key))
    }
    for key in ["name", "roles"] where !given.contains(key) {
      self.refuse("\(key) is missing", expected: Self.expected(key), start)
    }
    let credentials = Self.credentialKeys.filter(given.contains)
    if credentials.count != 1 {
      let found = credentials.isEmpty ? "none" : credentials.joined(separator: " and ")
      self.refuse(
        "found \(found) of \(Self.credentialKeys.joined(separator: ", "))",
        expected: "one of them, for a caller is known by one thing; make an entry for each", start)
    }
  }

  private mutating func read(_ key: String, _ value: Yams.Node, _ line: Int) {
    switch key {
    case "name":
      guard let text = self.text(key, value, line) else { return }
      guard text.utf8.count <= Self.nameMaxBytes, text.utf8.allSatisfy(isNameByte) else {
        return self.refuse("name \(quoted(text))", expected: Self.expected(key), line)
      }
      self.name = text
    case "token": self.readToken(value, line)
    case "token-sha256":
      guard let text = self.text(key, value, line) else { return }
      guard let digest = TokenDigest(hexadecimal: text) else {
        return self.refuse(
          "token-sha256 is no SHA-256 digest", expected: Self.expected(key), line)
      }
      self.credential = .token(digest)
    case "certificate":
      guard let text = self.text(key, value, line) else { return }
      let isPrintable = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
      guard text.utf8.count <= Self.certificateMaxBytes, isPrintable else {
        return self.refuse("certificate \(quoted(text))", expected: Self.expected(key), line)
      }
      self.credential = .certificate(text)
    case "roles": self.readRoles(value, line)
    case "namespaces": self.readNamespaces(value, line)
    default:
      self.problems.append(
        ("no key is named \(quoted(key)).\(suggestion(for: key, among: Self.keys))", line))
    }
  }

  /// No message shows a token, not even one that is refused: messages end up in logs.
  private mutating func readToken(_ value: Yams.Node, _ line: Int) {
    guard let text = self.text("token", value, line) else { return }
    let expected = Self.expected("token")
    let bytes = Array(text.utf8)
    guard bytes.count >= Self.tokenMinBytes else {
      return self.refuse(
        "token has \(bytes.count) characters and could be guessed", expected: expected, line)
    }
    do {
      _ = try BearerToken(bytes)
      self.credential = .token(TokenDigest(of: bytes.span.bytes))
    } catch {
      switch error {
      case .empty, .tooLong:
        self.refuse("token has \(bytes.count) characters", expected: expected, line)
      case .invalidCharacter:
        self.refuse("token has a character that no token can have", expected: expected, line)
      }
    }
  }

  private mutating func readRoles(_ value: Yams.Node, _ line: Int) {
    let expected = Self.expected("roles")
    guard let items = value.sequence, !items.isEmpty else {
      return self.refuse("roles is \(Self.listShape(value))", expected: expected, line)
    }
    for item in items {
      guard let text = item.scalar?.string else {
        self.refuse("a role cannot be \(shape(of: item))", expected: expected, line)
        continue
      }
      if let role = Role(rawValue: text) {
        self.roles.insert(Roles(role))
      } else {
        let nearest = suggestion(for: text, among: Role.allCases.map(\.rawValue))
        self.refuse("no role is named \(quoted(text))", expected: expected, line, nearest)
      }
    }
  }

  private mutating func readNamespaces(_ value: Yams.Node, _ line: Int) {
    let expected = Self.expected("namespaces")
    guard let items = value.sequence, !items.isEmpty else {
      return self.refuse("namespaces is \(Self.listShape(value))", expected: expected, line)
    }
    var allowed: [Int] = []
    for item in items {
      guard let text = item.scalar?.string else {
        self.refuse("a namespace cannot be \(shape(of: item))", expected: expected, line)
        continue
      }
      if let id = self.namespaces.firstIndex(of: text) {
        allowed.append(id)
      } else {
        let nearest = suggestion(for: text, among: self.namespaces)
        self.refuse("no namespace is named \(quoted(text))", expected: expected, line, nearest)
      }
    }
    self.allowed = allowed
  }

  // MARK: - Words

  private mutating func text(_ key: String, _ value: Yams.Node, _ line: Int) -> String? {
    if let scalar = value.scalar, !isNull(scalar), !scalar.string.isEmpty { return scalar.string }
    let found = value.scalar == nil ? shape(of: value) : "nothing"
    self.refuse("\(key) is \(found)", expected: Self.expected(key), line)
    return nil
  }

  /// Of an entry that is not a map, and may be a token in the wrong place.
  private static func entryShape(_ node: Yams.Node) -> String {
    node.scalar == nil ? shape(of: node) : "a text"
  }

  private static func listShape(_ node: Yams.Node) -> String {
    node.sequence == nil ? shape(of: node) : "an empty list"
  }

  private mutating func refuse(
    _ problem: String, expected: String, _ line: Int, _ hint: String = ""
  ) {
    self.problems.append(("\(problem). Expected \(expected).\(hint)", line))
  }

  private static func expected(_ key: String) -> String {
    switch key {
    case "name": "a name of 1 to \(Self.nameMaxBytes) characters of A-Z a-z 0-9 . _ -"
    case "token":
      "\(Self.tokenMinBytes) to \(BearerToken.bytesMax) characters of A-Z a-z 0-9 - . _ ~ + / =,"
        + " for example from: openssl rand -hex 32"
    case "token-sha256": "64 hexadecimal digits, as from: printf %s \"$TOKEN\" | sha256sum"
    case "certificate":
      "a DNS name, a URI or the common name of a certificate, of at most"
        + " \(Self.certificateMaxBytes) bytes"
    case "roles": "a list of \(Role.allCases.map(\.rawValue).joined(separator: ", "))"
    default:
      "a list of namespaces of this node (\"\" is the default one), or no such key for all of them"
    }
  }
}
