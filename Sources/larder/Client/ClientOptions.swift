import ArgumentParser
import LarderAPI
import NIOCore
import Node

/// Where the node is, and how long to wait for it: flags of every client command.
struct TargetOptions: ParsableArguments {
  /// What `larder serve` listens on unless it is told otherwise.
  static let defaultTarget = HostPort(host: "127.0.0.1", port: 7600)

  @Option(
    help: ArgumentHelp("The node to call. (default: 127.0.0.1:7600)", valueName: "host:port"),
    transform: ArgumentText.target)
  var target: HostPort?

  @Option(
    help: ArgumentHelp("How long to wait for the answer. (default: 5s)", valueName: "duration"),
    transform: ArgumentText.duration)
  var timeout: Int64?

  @OptionGroup var credentials: TokenOptions
  @OptionGroup(title: "TLS") var tls: ClientTLSOptions

  /// The node to call.
  var address: HostPort { self.target ?? Self.defaultTarget }

  /// Of one call, connecting included.
  ///
  /// - Parameter milliseconds: where none was given.
  func deadline(default milliseconds: Int64) -> TimeAmount {
    .milliseconds(self.timeout ?? milliseconds)
  }
}

/// Which part of the key space is meant.
struct NamespaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The namespace of the key. (default: the default namespace)", valueName: "name"))
  var namespace = ""
}

/// When an entry is to expire: `--ttl` and `--no-expiry` of all commands that write.
struct ExpiryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Let the entry expire after this time. (default: as the namespace is configured)",
      valueName: "duration"),
    transform: ArgumentText.duration)
  var ttl: Int64?

  @Flag(help: "Let the entry never expire.")
  var noExpiry = false

  /// As a request says it.
  var expiry: Expiry {
    if self.noExpiry { return .never }
    // A duration flag is at least 1, so nothing is lost.
    return self.ttl.map { .after(milliseconds: UInt64($0)) } ?? .namespaceDefault
  }

  func validate() throws {
    guard self.ttl == nil || !self.noExpiry else {
      throw ValidationError("--ttl and --no-expiry exclude each other.")
    }
  }
}

/// What must hold for a Set to store.
struct ConditionOptions: ParsableArguments {
  @Flag(help: "Store only if there is no entry under the key.")
  var ifAbsent = false

  @Flag(help: "Store only if there is an entry under the key.")
  var ifPresent = false

  @Option(
    help: ArgumentHelp(
      "Store only over this version, as get --json or an earlier set told it.", valueName: "version"
    ))
  var ifVersion: UInt64?

  /// As a request says it.
  var condition: Condition {
    if self.ifAbsent { return .ifAbsent }
    if self.ifPresent { return .ifPresent }
    return self.ifVersion.map { .ifVersion($0) } ?? .always
  }

  func validate() throws {
    let given = [self.ifAbsent, self.ifPresent, self.ifVersion != nil].count { $0 }
    guard given <= 1 else {
      throw ValidationError("--if-absent, --if-present and --if-version exclude each other.")
    }
  }
}
