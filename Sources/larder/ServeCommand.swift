import ArgumentParser
import Foundation
import Logging
import Node

/// `larder serve`: runs one node until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run a node.",
    discussion: """
      Serves larder.v1.Cache over gRPC until it gets SIGTERM or SIGINT; within TLS if --tls-cert \
      and --tls-key are given.

      A setting is a flag here, a variable of the environment (--value-max is LARDER_VALUE_MAX) \
      and a key of the YAML file (value-max: 3MiB). Flags win over variables, variables over the \
      file. Sizes take KiB, MiB and GiB, durations ms, s, m, h and d. What cannot be used is \
      refused at start, with all that is wrong in one message and exit status 64.

      EXAMPLES:

      A cache of 4 GiB that other machines can reach:

        larder serve --listen 0.0.0.0:7600 --memory 4GiB \\
          --advertise cache-1.internal:7600 --tokens /etc/larder/tokens.yaml

        # /etc/larder/tokens.yaml
        - name: web
          token: 0b7f62f4c1f94d0c2d0f1f2f6a5f0d1e    # openssl rand -hex 16
          roles: [read, write]                       # read, write, admin, peer
          namespaces: [sessions]                     # without: all of them

      With TLS, for clients that have a certificate from ca.pem, and plaintext for programs on this \
      machine; SIGHUP, or a file that changes, has the certificates read anew:

        larder serve --listen 0.0.0.0:7600 --plaintext-listen 127.0.0.1:7601 \\
          --tls-cert node.pem --tls-key node-key.pem --tls-ca ca.pem

      One of several nodes that share their keys. Nodes that are given the same etcd and --cluster are \
      one cache, and join and leave it while it runs:

        larder serve --etcd etcd-1:2379,etcd-2:2379,etcd-3:2379 --listen 0.0.0.0:7600 \\
          --advertise cache-1.internal:7600 --tokens /etc/larder/tokens.yaml \\
          --peer-token-file /etc/larder/peer-token

      The first from a file, which is also the place for namespaces:

        larder serve --config /etc/larder.yaml

        # /etc/larder.yaml
        listen: 0.0.0.0:7600
        advertise: cache-1.internal:7600
        tokens: /etc/larder/tokens.yaml
        memory: 4GiB
        namespaces:
          - name: sessions
            default-ttl: 30m
            value-max: 64KiB
      """)

  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup(title: "TLS") var tls: TLSOptions
  @OptionGroup(title: "Cluster") var cluster: ClusterOptions
  @OptionGroup(title: "Membership") var membership: MembershipOptions
  @OptionGroup(title: "Storage") var storage: StorageOptions
  @OptionGroup(title: "Security") var security: SecurityOptions
  @OptionGroup(title: "Logging") var logging: LoggingOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "Protection") var protection: ProtectionOptions
  @OptionGroup(title: "Timeouts") var timeouts: TimeoutOptions

  /// What was given on the command line, by the names of the settings.
  var flags: [String: String] {
    let given =
      self.node.given + self.tls.given + self.cluster.given + self.membership.given
      + self.storage.given + self.security.given
      + self.logging.given + self.limits.given + self.protection.given + self.timeouts.given
    return given.reduce(into: [:]) { flags, pair in flags[pair.0.name] = pair.1 }
  }

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let configuration: NodeConfiguration
    do {
      configuration = try NodeConfiguration.load(flags: self.flags, environment: environment)
    } catch {
      try StandardStreams.complain("serve", "\(error)")
      throw ExitCode.validationFailure
    }
    // A closed connection or log pipe is an error of one write and must not end the process.
    signal(SIGPIPE, SIG_IGN)
    NodeLogHandler.bootstrap(
      level: configuration.logLevel, format: configuration.logFormat, environment: environment)
    do {
      try await Node.run(configuration, logger: Logger(label: "larder"))
    } catch {
      try StandardStreams.complain("serve", "\(error)")
      throw error is ConfigurationError ? ExitCode.validationFailure : ExitCode.failure
    }
  }
}
