import Testing

@testable import Node

@Suite struct SettingTests {
  /// The edges of the groups Protection and Timeouts, and of what came with them.
  private static let protection: [(Setting, String, String, String)] = [
    (.connectionsPerAddressMax, "1", "0", "is too small"),
    (.connectionsPerAddressMax, "1000000", "1000001", "is too large"),
    (.handlersMax, "1", "0", "is too small"),
    (.handlersMax, "1000000", "1000001", "is too large"),
    (.controlFramesPerSecond, "1", "0", "is too small"),
    (.controlFramesPerSecond, "1000000", "1000001", "is too large"),
    (.controlFrameBurst, "1", "0", "is too small"),
    (.controlFrameBurst, "100000000", "100000001", "is too large"),
    (.streamResetsPerSecond, "1", "0", "is too small"),
    (.streamResetsPerSecond, "1000000", "1000001", "is too large"),
    (.streamResetBurst, "1", "0", "is too small"),
    (.streamResetBurst, "100000000", "100000001", "is too large"),
    (.faultsPerSecond, "1", "0", "is too small"),
    (.faultsPerSecond, "1000000", "1000001", "is too large"),
    (.faultBurst, "1", "0", "is too small"),
    (.faultBurst, "100000000", "100000001", "is too large"),
    (.continuationsMax, "1", "0", "is too small"),
    (.continuationsMax, "10000", "10001", "is too large"),
    (.settingsEntriesMax, "8", "7", "is too small"),
    (.settingsEntriesMax, "2730", "2731", "is too large"),
    (.outboundAcksMax, "1", "0", "is too small"),
    (.outboundAcksMax, "1000000", "1000001", "is too large"),
    (.keepaliveTimeout, "1ms", "0ms", "is too small"),
    (.keepaliveTimeout, "1d", "2d", "is too large"),
    (.buffersMax, "64MiB", "0", "is too small"),
    (.buffersMax, "1TiB", "1099511627777", "is too large"),
    (.pingIntervalMin, "0ms", "2d", "is too large"),
    (.pingIntervalMin, "1d", "2d", "is too large"),
    (.pingStrikesMax, "0", "1000001", "is too large"),
    (.pingStrikesMax, "1000000", "1000001", "is too large"),
    (.prefaceTimeout, "0ms", "2d", "is too large"),
    (.prefaceTimeout, "1d", "2d", "is too large"),
    (.headerTimeout, "0ms", "2d", "is too large"),
    (.headerTimeout, "1d", "2d", "is too large"),
    (.bodyTimeout, "0ms", "2d", "is too large"),
    (.bodyTimeout, "1d", "2d", "is too large"),
    (.writeTimeout, "0ms", "2d", "is too large"),
    (.writeTimeout, "1d", "2d", "is too large"),
    (.idleTimeout, "0ms", "366d", "is too large"),
    (.idleTimeout, "365d", "366d", "is too large"),
    (.connectionAgeMax, "0ms", "366d", "is too large"),
    (.connectionAgeMax, "365d", "366d", "is too large"),
    (.connectionAgeGrace, "0ms", "2d", "is too large"),
    (.connectionAgeGrace, "1d", "2d", "is too large"),
    (.keepaliveInterval, "0ms", "366d", "is too large"),
    (.keepaliveInterval, "365d", "366d", "is too large"),
  ]

  @Test(
    arguments: [
      (Setting.loops, "1", "0", "is too small"), (.loops, "1024", "1025", "is too large"),
      (.memory, "6MiB", "1048575", "is too small"),
      (.memory, "1024TiB", "1125899906842625", "is too large"),
      (.tombstonesMax, "1", "0", "is too small"),
      (.tombstonesMax, "1000000000", "1000000001", "is too large"),
      (.expirySweepInterval, "10ms", "9ms", "is too small"),
      (.expirySweepInterval, "1h", "3600001ms", "is too large"),
      (.snapshotInterval, "0ms", "366d", "is too large"),
      (.snapshotInterval, "365d", "366d", "is too large"),
      (.valueMax, "1", "0", "is too small"), (.valueMax, "3MiB", "1073741825", "is too large"),
      (.keyMax, "1", "0", "is too small"), (.keyMax, "64KiB", "65537", "is too large"),
      (.inlineValueMax, "64", "63", "is too small"),
      (.inlineValueMax, "48KiB", "49153", "is too large"),
      (.ttlMax, "1ms", "0ms", "is too small"), (.ttlMax, "36500d", "36501d", "is too large"),
      (.batchKeysMax, "1", "0", "is too small"),
      (.batchKeysMax, "1000000", "1000001", "is too large"),
      (.batchReplyMax, "4MiB", "0", "is too small"),
      (.batchReplyMax, "4MiB", "2147483648", "is too large"),
      (.messageMax, "4MiB", "0", "is too small"), (.messageMax, "64MiB", "2GiB", "is too large"),
      (.headerListMax, "4KiB", "4095", "is too small"),
      (.headerListMax, "1MiB", "1048577", "is too large"),
      (.headersMax, "16", "15", "is too small"), (.headersMax, "4096", "4097", "is too large"),
      (.streamsMax, "1", "0", "is too small"), (.streamsMax, "1000000", "1000001", "is too large"),
      (.connectionsMax, "1", "0", "is too small"),
      (.connectionsMax, "1000000", "1000001", "is too large"),
      (.streamWindow, "64KiB", "65535", "is too small"),
      (.streamWindow, "16MiB", "2GiB", "is too large"),
      (.connectionWindow, "1MiB", "65535", "is too small"),
      (.connectionWindow, "2147483647", "2147483648", "is too large"),
      (.outputBufferMax, "32KiB", "32767", "is too small"),
      (.outputBufferMax, "1GiB", "1073741825", "is too large"),
      (.requestBufferMax, "4MiB", "0", "is too small"),
      (.requestBufferMax, "1GiB", "1099511627777", "is too large"),
      (.answerBufferMax, "4MiB", "0", "is too small"),
      (.answerBufferMax, "1TiB", "1099511627777", "is too large"),
      (.drainTimeout, "0ms", "86400001ms", "is too large"),
      (.drainTimeout, "1d", "2d", "is too large"),
      (.rateLimitPerClient, "0", "1000000001", "is too large"),
      (.rateLimitPerClient, "1000000000", "1000000001", "is too large"),
      (.rateLimitBurst, "0", "1000000001", "is too large"),
      (.rateLimitClientsMax, "1", "0", "is too small"),
      (.rateLimitClientsMax, "10000000", "10000001", "is too large"),
      (.handshakeTimeout, "10ms", "9ms", "is too small"),
      (.handshakeTimeout, "10m", "600001ms", "is too large"),
      (.reloadInterval, "10ms", "9ms", "is too small"),
      (.reloadInterval, "1d", "2d", "is too large"),
    ] + Self.protection)
  func `the value at the edge is taken and the one past it refused`(
    setting: Setting, taken: String, refused: String, problem: String
  ) throws {
    #expect(setting.text(in: try load([setting.name: taken])) == taken)
    #expect(
      try problems([setting.name: refused]) == [
        "--\(setting.name): \"\(refused)\" \(problem). Expected \(setting.expected)."
      ])
  }

  @Test(arguments: [
    (
      "memory", "12XB",
      "--memory: \"12XB\" does not end in a known unit. Expected a size from 1MiB to 1024TiB, in"
        + " bytes or with KiB, MiB, GiB or TiB, such as 1GiB."
    ),
    (
      "memory", "lots",
      "--memory: \"lots\" is not a size. Expected a size from 1MiB to 1024TiB, in"
        + " bytes or with KiB, MiB, GiB or TiB, such as 1GiB."
    ),
    (
      "memory", "99999999999999999999",
      "--memory: \"99999999999999999999\" is too large. Expected a size from 1MiB to 1024TiB, in"
        + " bytes or with KiB, MiB, GiB or TiB, such as 1GiB."
    ),
    (
      "memory", "",
      "--memory: \"\" is empty. Expected a size from 1MiB to 1024TiB, in"
        + " bytes or with KiB, MiB, GiB or TiB, such as 1GiB."
    ),
    (
      "drain-timeout", "30",
      "--drain-timeout: \"30\" does not end in a known unit. Expected a duration from 0ms to 1d"
        + " with ms, s, m, h or d, such as 30s."
    ),
    (
      "drain-timeout", "soon",
      "--drain-timeout: \"soon\" is not a duration. Expected a duration from 0ms to 1d"
        + " with ms, s, m, h or d, such as 30s."
    ),
    (
      "loops", "-1",
      "--loops: \"-1\" is not a whole number. Expected a whole number from 1 to 1024."
    ),
    (
      "loops", "18446744073709551616",
      "--loops: \"18446744073709551616\" is too large. Expected a whole number from 1 to 1024."
    ),
    (
      "listen", ":7600",
      "--listen: \":7600\" has no host. Expected HOST:PORT, such as 127.0.0.1:7600, [::1]:7600"
        + " or 0.0.0.0:7600 for all interfaces."
    ),
    (
      "listen", "localhost",
      "--listen: \"localhost\" has no port. Expected HOST:PORT, such as 127.0.0.1:7600,"
        + " [::1]:7600 or 0.0.0.0:7600 for all interfaces."
    ),
    (
      "handshake-timeout", "0",
      "--handshake-timeout: \"0\" is too small. Expected a duration from 10ms to 10m with ms, s, m,"
        + " h or d, such as 10s."
    ),
    (
      "listen", "::1:7600",
      "--listen: \"::1:7600\" is an IPv6 address without brackets. Expected HOST:PORT, such as"
        + " 127.0.0.1:7600, [::1]:7600 or 0.0.0.0:7600 for all interfaces."
    ),
    (
      "listen", "256.0.0.1:1",
      "--listen: \"256.0.0.1:1\" has a host that is neither an address nor a name. Expected"
        + " HOST:PORT, such as 127.0.0.1:7600, [::1]:7600 or 0.0.0.0:7600 for all interfaces."
    ),
    (
      "listen", "a:65536",
      "--listen: \"a:65536\" has a port that is not a number from 0 to 65535. Expected"
        + " HOST:PORT, such as 127.0.0.1:7600, [::1]:7600 or 0.0.0.0:7600 for all interfaces."
    ),
    (
      "advertise", "0.0.0.0:7600",
      "--advertise: \"0.0.0.0:7600\" is an address that nobody can call. Expected HOST:PORT as"
        + " other machines reach this node, such as cache-1.internal:7600."
    ),
    (
      "node-id", "a/b",
      "--node-id: \"a/b\" has a character that an id cannot have. Expected 1 to 259 characters"
        + " of A-Z a-z 0-9 . _ - : % [ ]."
    ),
    (
      "log-level", "verbose",
      "--log-level: \"verbose\" is no level. Expected one of trace, debug, info, notice, warning,"
        + " error, critical."
    ),
    (
      "insecure", "yes",
      "--insecure: \"yes\" is neither true nor false. Expected true or false."
    ),
    (
      "access-log", "on",
      "--access-log: \"on\" is no choice. Expected one of off, errors, all."
    ),
    (
      "tokens", "/nonexistent",
      "--tokens: \"/nonexistent\" cannot be read: No such file or directory."
        + " Expected the path of a file in UTF-8."
    ),
    (
      "log-format", "xml",
      "--log-format: \"xml\" is no format. Expected one of auto, text, json."
    ),
  ])
  func `a refusal names the place, the value and what is expected`(
    name: String, text: String, message: String
  ) throws {
    #expect(try problems([name: text]) == [message])
  }

  @Test(arguments: ["0", "0ms", "0s", "0d"])
  func `a duration that may be 0 is, with and without a unit`(text: String) throws {
    #expect(try load(["drain-timeout": text]).limits.drainTimeoutMilliseconds == 0)
  }

  @Test func `a node id of 259 bytes is taken and one of 260 refused`() throws {
    let longest = String(repeating: "n", count: NodeLimits.nodeIDMaxBytes)
    #expect(try load(["node-id": longest]).nodeID == longest)
    let shown = String(repeating: "n", count: 80)
    #expect(
      try problems(["node-id": longest + "n"]) == [
        "--node-id: \"\(shown)...\" is too long. Expected 1 to 259 characters of"
          + " A-Z a-z 0-9 . _ - : % [ ]."
      ])
  }

  @Test func `control characters of a value are escaped in its refusal`() throws {
    #expect(
      try problems(["log-format": "a\u{1b}[2J\nb"]) == [
        "--log-format: \"a\\u001b[2J\\nb\" is no format. Expected one of auto, text, json."
      ])
  }

  @Test func `names are unique and every default is a value that its setting takes`() throws {
    #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
    #expect(NodeConfiguration(coreCount: 4).problems == [])
  }

  @Test func `an unknown flag is refused with the nearest known one`() throws {
    #expect(
      try problems(["memroy": "1GiB", "zzzzzz": "1"]) == [
        "No flag is named \"--memroy\". Did you mean memory?", "No flag is named \"--zzzzzz\".",
      ])
  }
}
