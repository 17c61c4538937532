internal import CacheStore

/// One item of the file's `namespaces`, before the node's limits are known.
struct NamespaceDraft {
  /// Of the list in the file. Namespaces have neither flags nor variables.
  static let key = "namespaces"
  static let keys = [
    "name", "default-ttl", "ttl-max", "value-max", "rate-limit", "rate-limit-burst", "policy",
    "memory-share", "ttl-jitter",
  ]

  /// Nil until it was read, and where it was refused.
  private(set) var name: String?
  private var defaultTTLMilliseconds: Int64?
  private var ttlMaxMilliseconds: Int64?
  private var valueMaxBytes: Int?
  private var rateLimitPerSecond: Int?
  private var rateLimitBurst: Int?
  private var policy: EvictionPolicy?
  private var memorySharePercent: Int?
  private var ttlJitterPercent: Int?
  private var problems: [ConfigurationProblem] = []
  private var lines: [String: Int] = [:]
  private let index: Int
  private let path: String
  private let line: Int

  /// An item of which nothing was read yet.
  ///
  /// - Parameters:
  ///   - index: In the list, from 0.
  ///   - line: Where the item begins, from 1.
  init(index: Int, path: String, line: Int) {
    self.index = index
    self.path = path
    self.line = line
  }

  /// Reads one key of the item.
  ///
  /// - Parameters:
  ///   - text: Nil where the value is no text.
  ///   - shape: What it is then.
  mutating func read(_ key: String, _ text: String?, shape: String, line: Int) {
    self.lines[key] = line
    // The name is the one value that may be empty.
    if key == "name", let text {
      self.readName(text)
      return
    }
    guard Self.keys.contains(key) else {
      self.problems.append(
        ConfigurationProblem(
          settings: [],
          message: "\(SettingOrigin.file(path: self.path, line: line).label(of: self.place))"
            + ": no key is named \(quoted(key)).\(suggestion(for: key, among: Self.keys))"))
      return
    }
    if key == "default-ttl", text == "none" { return }
    if let text, self.readStorage(key, text) { return }
    let setting = Self.model(of: key)
    let expected =
      key == "name"
      ? Self.expectedName : setting.expected + (key == "default-ttl" ? ", or none" : "")
    guard key != "name", let text else {
      self.problems.append(self.problem(key, "found \(shape)", expected: expected))
      return
    }
    // The node's own limits know how to read such a value and in which range it must be.
    var scratch = NodeConfiguration(coreCount: 1)
    do {
      try setting.assign(text, to: &scratch)
    } catch {
      self.problems.append(
        self.problem(key, "\(quoted(text)) \(error.problem)", expected: expected))
      return
    }
    switch key {
    case "default-ttl": self.defaultTTLMilliseconds = scratch.limits.ttlMaxMilliseconds
    case "ttl-max": self.ttlMaxMilliseconds = scratch.limits.ttlMaxMilliseconds
    case "rate-limit": self.rateLimitPerSecond = scratch.limits.rateLimitPerClient
    case "rate-limit-burst": self.rateLimitBurst = scratch.limits.rateLimitBurst
    default: self.valueMaxBytes = scratch.limits.valueMaxBytes
    }
  }

  /// Reads a key of which the node has no like; false where it has.
  private mutating func readStorage(_ key: String, _ text: String) -> Bool {
    switch key {
    case "policy":
      self.policy = EvictionPolicy(rawValue: text)
      if self.policy == nil {
        self.problems.append(
          self.problem(key, "\(quoted(text)) is no policy", expected: Setting.policy.expected))
      }
    case "memory-share":
      self.memorySharePercent = self.percent(
        key, text, max: StoreConfiguration.guaranteedPercentMax)
    case "ttl-jitter":
      self.ttlJitterPercent = self.percent(
        key, text, max: CacheStore.NamespaceConfiguration.ttlJitterPercentMax)
    default: return false
    }
    return true
  }

  private mutating func percent(_ key: String, _ text: String, max: Int) -> Int? {
    let number = text.hasSuffix("%") ? Int(text.dropLast()) : nil
    if let number, (0...max).contains(number) { return number }
    self.problems.append(
      self.problem(
        key, "\(quoted(text)) is no such share", expected: "a whole number from 0% to \(max)%"))
    return nil
  }

  /// The setting of the node whose values are like those of the key.
  private static func model(of key: String) -> Setting {
    switch key {
    case "value-max": .valueMax
    case "rate-limit": .rateLimitPerClient
    case "rate-limit-burst": .rateLimitBurst
    default: .ttlMax
    }
  }

  /// What is wrong with the item by itself, and with its name beside those before it.
  func finish(unlike others: [NamespaceDraft]) -> [ConfigurationProblem] {
    if self.lines["name"] == nil {
      return self.problems + [self.problem("name", "is missing", expected: Self.expectedName)]
    }
    if let name = self.name, let other = others.first(where: { $0.name == name }) {
      return self.problems + [
        self.problem(
          "name", "\(quoted(name)) is already the name of \(other.place)",
          expected: "each namespace once")
      ]
    }
    return self.problems
  }

  /// With what the item leaves out taken from the node's limits.
  func resolved(limits: NodeLimits) -> NamespaceConfiguration {
    var namespace = NamespaceConfiguration(name: self.name ?? "", limits: limits)
    namespace.defaultTTLMilliseconds = self.defaultTTLMilliseconds
    if let ttlMax = self.ttlMaxMilliseconds { namespace.ttlMaxMilliseconds = ttlMax }
    if let valueMax = self.valueMaxBytes { namespace.valueMaxBytes = valueMax }
    if let rateLimit = self.rateLimitPerSecond { namespace.rateLimitPerSecond = rateLimit }
    if let burst = self.rateLimitBurst { namespace.rateLimitBurst = burst }
    namespace.policy = self.policy
    namespace.memorySharePercent = self.memorySharePercent ?? 0
    namespace.ttlJitterPercent = self.ttlJitterPercent ?? 0
    return namespace
  }

  /// How a message about one key of the item begins.
  func label(of key: String) -> String {
    let line = self.lines[key] ?? self.line
    return SettingOrigin.file(path: self.path, line: line).label(of: "\(self.place).\(key)")
  }

  func problem(_ key: String, _ problem: String, expected: String) -> ConfigurationProblem {
    ConfigurationProblem(
      settings: [], message: "\(self.label(of: key)): \(problem). Expected \(expected).")
  }

  private var place: String { "\(Self.key)[\(self.index)]" }

  private static let expectedName =
    "1 to \(NodeLimits.namespaceNameMaxBytes) characters of A-Z a-z 0-9 . _ -,"
    + " or \"\" for the default namespace"

  private mutating func readName(_ text: String) {
    guard text.utf8.count <= NodeLimits.namespaceNameMaxBytes else {
      self.problems.append(
        self.problem("name", "\(quoted(text)) is too long", expected: Self.expectedName))
      return
    }
    guard text.utf8.allSatisfy(isNameByte) else {
      self.problems.append(
        self.problem(
          "name", "\(quoted(text)) has a character that a name cannot have",
          expected: Self.expectedName))
      return
    }
    self.name = text
  }
}
