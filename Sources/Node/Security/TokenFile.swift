internal import Yams

/// The file that `--tokens` names: who may call the node, and what for.
///
///     # A client, by a token that only it and this file know. At least 16 characters of
///     # A-Z a-z 0-9 - . _ ~ + / =, for example from: openssl rand -hex 32
///     - name: web
///       token: 0b7f62f4c1f94d0c2d0f1f2f6a5f0d1e
///       roles: [read, write]
///       namespaces: [sessions, pages]
///
///     # The same by the token's digest, which is no secret: printf %s "$TOKEN" | sha256sum
///     - name: reports
///       token-sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
///       roles: [read]
///
///     # By a name in the client's certificate, where TLS verifies one.
///     - name: ops
///       certificate: ops.example.com
///       roles: [read, write, admin]
///
/// Each entry has a name, which logs and errors show; one of token, token-sha256 and certificate;
/// roles, of which none includes another (`Role`); and, to be kept to some namespaces, their list
/// ("" is the default one). Several entries may have one name, so that an old token and its
/// successor can be valid at the same time; no token or certificate may stand there twice.
struct TokenFile {
  /// Entries of one file: each is looked at for every token that a connection presents.
  static let entriesMax = 1_000
  /// Of the file.
  static let fileMaxBytes = 1 << 20

  let callers: CallerTable
  /// What the operator should know though the file can be used, in whole sentences.
  let warnings: [String]

  /// Reads and checks a file.
  ///
  /// - Parameters:
  ///   - place: What has named the file; for messages.
  ///   - namespaces: Names of the node's namespaces, by id.
  /// - Throws: All that is wrong, at once.
  init(
    path: String, place: String = Setting.tokens.name, namespaces: [String]
  ) throws(ConfigurationError) {
    let text: String
    do throws(FileProblem) {
      text = try readText(path: path, bytesMax: Self.fileMaxBytes)
    } catch {
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          settings: [Setting.tokens.name],
          message: "\(place): \(quoted(path)) \(error.reason)."
            + " Expected \(Setting.tokens.expected) in UTF-8.")
      ])
    }
    self = try TokenFile(
      yaml: text, path: path, place: place, namespaces: namespaces,
      warnings: Self.warnings(path: path))
  }

  /// Reads and checks the text of a file.
  ///
  /// - Parameters:
  ///   - path: For messages.
  ///   - place: What has named the file, likewise.
  init(
    yaml: String, path: String, place: String = Setting.tokens.name, namespaces: [String],
    warnings: [String] = []
  ) throws(ConfigurationError) {
    var reader = TokenFileReader(path: path, place: place, namespaces: namespaces)
    reader.read(yaml)
    guard reader.problems.isEmpty else { throw ConfigurationError(problems: reader.problems) }
    self.callers = CallerTable(tokens: reader.tokens, certificates: reader.certificates)
    self.warnings = warnings
  }

  /// A secret that everybody on the machine can read is none.
  private static func warnings(path: String) -> [String] {
    guard FileMode.isReadableByAll(path) else { return [] }
    return [
      "\(escapedForPeople(path)) can be read by every user of this machine."
        + " Take that from them: chmod o-r \(escapedForPeople(path))"
    ]
  }
}

/// Reads the entries one by one; what is wrong with one does not hide what is wrong with the next.
private struct TokenFileReader {
  private(set) var tokens: [(digest: TokenDigest, caller: Principal)] = []
  private(set) var certificates: [(name: String, caller: Principal)] = []
  private(set) var problems: [ConfigurationProblem] = []
  private var tokenPlaces: [String] = []
  private var certificatePlaces: [String] = []
  private let path: String
  private let place: String
  private let namespaces: [String]

  init(path: String, place: String, namespaces: [String]) {
    self.path = path
    self.place = place
    self.namespaces = namespaces
  }

  mutating func read(_ yaml: String) {
    do {
      guard let root = try Parser(yaml: yaml, encoding: .utf8).singleRoot() else {
        return self.refuse("the file is empty: nobody could call. Expected \(Self.expected)")
      }
      guard let entries = root.sequence else {
        return self.refuse("found \(shape(of: root)). Expected \(Self.expected)", line(of: root))
      }
      guard !entries.isEmpty else {
        return self.refuse("the list is empty: nobody could call. Expected \(Self.expected)")
      }
      guard entries.count <= TokenFile.entriesMax else {
        return self.refuse("\(entries.count) entries. Expected at most \(TokenFile.entriesMax).")
      }
      for (index, entry) in entries.enumerated() { self.read(entry, index: index) }
    } catch let error as YamlError {
      self.refuse(describe(error), error.line)
    } catch {
      self.refuse("this is not valid YAML: \(escapedForPeople("\(error)")).")
    }
  }

  private static let expected =
    "a list of callers, such as - {name: web, token: ..., roles: [read]}."

  private mutating func read(_ node: Yams.Node, index: Int) {
    var draft = TokenEntryDraft(index: index, namespaces: self.namespaces)
    draft.read(node)
    if draft.problems.isEmpty, let credential = draft.credential {
      self.add(credential, draft, line(of: node))
    }
    for problem in draft.problems {
      self.refuse("\(draft.place): \(problem.message)", problem.line)
    }
  }

  private mutating func add(
    _ credential: TokenEntryDraft.Credential, _ draft: TokenEntryDraft, _ line: Int
  ) {
    switch credential {
    case .token(let digest):
      // In a file that the operator wrote, there is nothing to be learned from the time.
      if let other = self.tokens.firstIndex(where: { $0.digest.equals(digest) == 1 }) {
        return self.refuse(
          "\(draft.place) has the same token as \(self.tokenPlaces[other])."
            + " Expected each token once.", line)
      }
      self.tokens.append((digest, draft.principal))
      self.tokenPlaces.append(draft.place)
    case .certificate(let name):
      if let other = self.certificates.firstIndex(where: { $0.name == name }) {
        return self.refuse(
          "\(draft.place) has the same certificate as \(self.certificatePlaces[other])."
            + " Expected each certificate once.", line)
      }
      self.certificates.append((name, draft.principal))
      self.certificatePlaces.append(draft.place)
    }
  }

  private mutating func refuse(_ problem: String, _ line: Int? = nil) {
    let line = line.map { ", line \($0)" } ?? ""
    self.problems.append(
      ConfigurationProblem(
        settings: [Setting.tokens.name],
        message: "\(self.place): \(escapedForPeople(self.path))\(line): \(problem)"))
  }
}
