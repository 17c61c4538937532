import ArgumentParser
import LarderAPI
import Node

/// Settings of a namespace, by the names that the YAML file has for them. Only what is said is sent;
/// the node knows what it takes.
struct NamespaceSettingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "For entries whose writer states no expiry; none: they do not expire.",
      valueName: "duration|none"),
    transform: Self.expiry)
  var defaultTtl: NamespaceSettings.DefaultExpiry?

  @Option(
    help: ArgumentHelp("The longest TTL that a writer may state.", valueName: "duration"),
    transform: ArgumentText.duration)
  var ttlMax: Int64?

  @Option(
    help: ArgumentHelp("The largest value.", valueName: "size"), transform: ArgumentText.size)
  var valueMax: Int?

  @Option(
    help: ArgumentHelp(
      "Which entries stay: lru, lru2, s3-fifo, sieve, w-tinylfu; node: as the node's.",
      valueName: "name"))
  var policy: String?

  @Option(
    help: ArgumentHelp(
      "Of the node's memory, what no other namespace takes from it.", valueName: "percent"),
    transform: Self.percent)
  var memoryShare: UInt32?

  @Option(
    help: ArgumentHelp("By how much a TTL is shortened at most.", valueName: "percent"),
    transform: Self.percent)
  var ttlJitter: UInt32?

  @Option(help: ArgumentHelp("Calls a second; 0: any number.", valueName: "number"))
  var rateLimit: UInt64?

  @Option(
    help: ArgumentHelp(
      "Calls that may be made at once; 0: those of one second.", valueName: "number"))
  var rateLimitBurst: UInt64?

  /// As a request says it.
  var settings: NamespaceSettings {
    var settings = NamespaceSettings()
    settings.defaultExpiry = self.defaultTtl
    // A duration flag is at least 1, and a size at least 0, so nothing is lost.
    settings.ttlMaxMilliseconds = self.ttlMax.map { UInt64($0) }
    settings.valueMaxBytes = self.valueMax.map { UInt64($0) }
    settings.policy = self.policy.map { $0 == "node" ? "" : $0 }
    settings.memorySharePercent = self.memoryShare
    settings.ttlJitterPercent = self.ttlJitter
    settings.rateLimitPerSecond = self.rateLimit
    settings.rateLimitBurst = self.rateLimitBurst
    return settings
  }

  private static func expiry(
    _ text: String
  ) throws(ArgumentRefusal) -> NamespaceSettings.DefaultExpiry {
    if text == "none" { return .never }
    return .after(milliseconds: UInt64(try ArgumentText.duration(text)))
  }

  private static func percent(_ text: String) throws(ArgumentRefusal) -> UInt32 {
    guard text.hasSuffix("%"), let percent = UInt32(text.dropLast()) else {
      throw ArgumentRefusal(description: "expected a share such as 20%")
    }
    return percent
  }
}
