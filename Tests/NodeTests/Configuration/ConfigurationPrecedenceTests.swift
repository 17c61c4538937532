import Logging
import Testing

@testable import Node

@Suite struct ConfigurationPrecedenceTests {
  @Test func `with nothing given every setting has its default`() throws {
    let configuration = try load()
    #expect(configuration == NodeConfiguration(coreCount: 4))
    #expect(configuration.listen == HostPort(host: "127.0.0.1", port: 7_600))
    #expect(configuration.advertise == nil)
    #expect(configuration.nodeID == nil)
    #expect(configuration.loops == 4)
    #expect(configuration.configFile == nil)
    #expect(configuration.memoryBytes == 1_073_741_824)
    #expect(configuration.logLevel == .info)
    #expect(configuration.logFormat == .auto)
    #expect(configuration.namespaces.map(\.name) == [""])
    #expect(configuration.namespaces[0].defaultTTLMilliseconds == nil)
    #expect(configuration.namespaces[0].ttlMaxMilliseconds == 315_360_000_000)
    #expect(configuration.namespaces[0].valueMaxBytes == 3_145_728)
  }

  @Test func `the file wins over the default`() throws {
    #expect(try load(yaml: "memory: 2GiB").memoryBytes == 2 << 30)
  }

  @Test func `the environment wins over the file`() throws {
    let configuration = try load(
      environment: ["LARDER_MEMORY": "3GiB"], yaml: "memory: 2GiB\nloops: 2")
    #expect(configuration.memoryBytes == 3 << 30)
    #expect(configuration.loops == 2)
  }

  @Test func `a flag wins over the environment`() throws {
    let configuration = try load(
      ["memory": "4GiB"], environment: ["LARDER_MEMORY": "3GiB", "LARDER_LOOPS": "3"],
      yaml: "memory: 2GiB\nloops: 2\nlog-level: debug")
    #expect(configuration.memoryBytes == 4 << 30)
    #expect(configuration.loops == 3)
    #expect(configuration.logLevel == .debug)
  }

  @Test func `the file may be named by the environment`() throws {
    try withFile(Array("memory: 2GiB".utf8)) { path in
      let configuration = try load(environment: ["LARDER_CONFIG": path])
      #expect(configuration.memoryBytes == 2 << 30)
      #expect(configuration.configFile == path)
    }
  }

  @Test func `the file that a flag names is read instead of the environment's`() throws {
    let configuration = try load(
      environment: ["LARDER_CONFIG": "/nonexistent"], yaml: "memory: 2GiB")
    #expect(configuration.memoryBytes == 2 << 30)
  }

  // A file of settings can be named in no file, and one of tokens has to be there.
  @Test(arguments: Setting.all.filter { !["config", "tokens"].contains($0.name) })
  func `each setting can be given by each source`(setting: Setting) throws {
    let text = try #require(sampleValues[setting.name])
    var expected = NodeConfiguration(coreCount: 4)
    try setting.assign(text, to: &expected)
    #expect(setting.text(in: expected) == text)

    let others = neededSettings[setting.name] ?? [:]
    let byFlag = try load(others.merging([setting.name: text]) { $1 })
    #expect(setting.text(in: byFlag) == text)
    let byVariable = try load(others, environment: [setting.variableName: text])
    #expect(setting.text(in: byVariable) == text)
    let byFile = try load(others, yaml: "\(setting.name): '\(text)'")
    #expect(setting.text(in: byFile) == text)
  }

  @Test func `a wrong value is refused also where another source wins`() throws {
    #expect(
      try problems(["loops": "2"], environment: ["LARDER_LOOPS": "two"]) == [
        "LARDER_LOOPS: \"two\" is not a whole number. Expected a whole number from 1 to 1024."
      ])
  }

  @Test func `the variable of a setting is its name in upper case with underscores`() {
    #expect(Setting.expirySweepInterval.variableName == "LARDER_EXPIRY_SWEEP_INTERVAL")
  }

  @Test func `port 0 is advertised as the port that was bound, and names the node`() throws {
    let byDefault = try load(["listen": "127.0.0.1:0"])
    #expect(byDefault.advertisedAddress(boundPort: 4_711).description == "127.0.0.1:4711")
    #expect(byDefault.resolvedNodeID(boundPort: 4_711) == "127.0.0.1:4711")
    let advertised = try load([
      "listen": "0.0.0.0:7600", "advertise": "[::1]:7700", "insecure": "true",
    ])
    #expect(advertised.advertisedAddress(boundPort: 7_600).description == "[::1]:7700")
    #expect(advertised.resolvedNodeID(boundPort: 7_600) == "[::1]:7700")
    #expect(try load(["node-id": "a"]).resolvedNodeID(boundPort: 1) == "a")
  }

  @Test func `the loops follow the cores within their limits`() {
    #expect(NodeConfiguration(coreCount: 0).loops == 1)
    #expect(NodeConfiguration(coreCount: 1_024).loops == 1_024)
    #expect(NodeConfiguration(coreCount: 1_025).loops == 1_024)
  }
}

/// For each setting a value that is not its default and fits with the others' defaults.
private let sampleValues = [
  "peers": "127.0.0.1:7600,127.0.0.1:7601", "peer-token-file": "token",
  "peer-connections-per-loop": "2", "peer-calls-max": "31", "peer-connect-timeout": "32ms",
  "peer-backoff-max": "133ms", "peer-idle-timeout": "134ms", "peer-keepalive-interval": "135ms",
  "peer-keepalive-timeout": "36ms", "peer-suspect-after": "40ms", "forward-timeout": "37ms",
  "forward-margin": "38ms", "forward-metadata-max": "5KiB",
  "epoch-wait": "39ms", "handover-wait": "52ms", "handover-calls-max": "53",
  "etcd": "http://a:2379,https://b:2379", "etcd-user": "node", "etcd-password-file": "password",
  "etcd-ca": "ca.pem", "etcd-cert": "cert.pem", "etcd-key": "key.pem", "cluster": "other",
  "zone": "rack 1", "weight": "2.5", "lease-ttl": "40s", "mass-loss-hold": "41ms",
  "clock-skew-max": "42ms", "serve-without-lease": "true", "leave-timeout": "43ms",
  "handover-timeout": "54ms",
  "migration-rate": "5MiB", "migration-batch-max": "8KiB", "migration-window": "9",
  "etcd-audit-interval": "144ms", "etcd-call-timeout": "45ms", "etcd-attempt-timeout": "46ms",
  "etcd-keepalive-interval": "47s", "etcd-keepalive-timeout": "48ms",
  "etcd-progress-interval": "149ms", "etcd-progress-timeout": "51ms",
  "etcd-message-max": "1MiB", "etcd-watch-buffer-max": "2MiB",
  "admin": "127.0.0.1:7681", "admin-connections-max": "3", "admin-request-max": "4KiB",
  "admin-timeout": "2s",
  "connections-per-address-max": "7", "handlers-max": "6", "buffers-max": "128MiB",
  "control-frames-per-second": "11", "control-frame-burst": "12",
  "stream-resets-per-second": "13", "stream-reset-burst": "14", "faults-per-second": "15",
  "fault-burst": "16", "ping-interval-min": "17s", "ping-strikes-max": "18",
  "continuations-max": "19", "settings-entries-max": "20", "outbound-acks-max": "21",
  "preface-timeout": "22s", "header-timeout": "23s", "body-timeout": "24s",
  "write-timeout": "25s", "idle-timeout": "26s", "connection-age-max": "27s",
  "connection-age-grace": "28s", "keepalive-interval": "29s", "keepalive-timeout": "31s",
  "listen": "[::1]:0", "advertise": "cache-1:7601", "node-id": "node-1", "loops": "3",
  "memory": "2GiB", "tombstones-max": "5", "expiry-sweep-interval": "2s",
  "snapshot-dir": "/var/lib/larder", "snapshot-interval": "1m", "log-level": "error",
  "log-format": "json", "value-max": "1MiB", "key-max": "1KiB", "inline-value-max": "64",
  "ttl-max": "1h", "batch-keys-max": "7", "batch-reply-max": "3076KiB", "message-max": "5MiB",
  "header-list-max": "8KiB", "headers-max": "16", "streams-max": "9", "connections-max": "8",
  "stream-window": "64KiB", "connection-window": "2MiB", "output-buffer-max": "32KiB",
  "request-buffer-max": "4MiB", "answer-buffer-max": "4MiB", "drain-timeout": "0ms",
  "compression": "gzip", "policy": "lru", "compression-min": "2KiB", "compression-max": "2MiB",
  "insecure": "true", "access-log": "errors",
  "rate-limit-per-client": "100", "rate-limit-burst": "10", "rate-limit-clients-max": "1",
  "tls-cert": "cert.pem", "tls-key": "key.pem", "tls-ca": "ca.pem", "tls-client-auth": "request",
  "tls-min-version": "1.3", "plaintext-listen": "127.0.0.1:7601", "handshake-timeout": "3s",
  "reload-interval": "5m",
]

/// What a setting has no meaning without.
private let neededSettings = [
  "peer-token-file": ["peers": "127.0.0.1:7600"],
  "etcd-user": ["etcd": "a", "etcd-password-file": "password"],
  "etcd-password-file": ["etcd": "a", "etcd-user": "node"],
  "etcd-ca": ["etcd": "https://a"],
  "etcd-cert": ["etcd": "https://a", "etcd-key": "key.pem"],
  "etcd-key": ["etcd": "https://a", "etcd-cert": "cert.pem"],
  "cluster": ["etcd": "a"], "zone": ["etcd": "a"], "weight": ["etcd": "a"],
  "serve-without-lease": ["etcd": "a"],
  "tls-cert": ["tls-key": "key.pem"], "tls-key": ["tls-cert": "cert.pem"],
  "tls-ca": ["tls-cert": "cert.pem", "tls-key": "key.pem"],
  "tls-client-auth": ["tls-cert": "cert.pem", "tls-key": "key.pem", "tls-ca": "ca.pem"],
  "plaintext-listen": ["tls-cert": "cert.pem", "tls-key": "key.pem"],
]
