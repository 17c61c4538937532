import CacheStore
import GRPC
import HTTP2
import NIOCore
import Testing

@testable import Node

@Suite struct NodeLimitsTests {
  @Test func `the defaults are those of the documentation`() {
    let limits = NodeLimits()
    #expect(limits.valueMaxBytes == 3_145_728)
    #expect(limits.keyMaxBytes == 65_536)
    #expect(limits.inlineValueMaxBytes == 16_384)
    #expect(limits.ttlMaxMilliseconds == 315_360_000_000)
    #expect(limits.tombstonesMax == 1_000_000)
    #expect(limits.batchKeysMax == 10_000)
    #expect(limits.batchReplyMaxBytes == 3_670_016)
    #expect(limits.messageMaxBytes == 4_194_304)
    #expect(limits.headerListMaxBytes == 16_384)
    #expect(limits.headersMax == 128)
    #expect(limits.streamsMax == 1_000)
    #expect(limits.connectionsMax == 10_000)
    #expect(limits.streamWindowBytes == 1_048_576)
    #expect(limits.connectionWindowBytes == 16_777_216)
    #expect(limits.outputBufferMaxBytes == 262_144)
    #expect(limits.requestBufferMaxBytes == 67_108_864)
    #expect(limits.answerBufferMaxBytes == 268_435_456)
    #expect(limits.connectionsPerAddressMax == 1_000)
    #expect(limits.handlersMax == 10_000)
    #expect(limits.buffersMaxBytes == 1_073_741_824)
    #expect(limits.drainTimeoutMilliseconds == 30_000)
    #expect(limits.adminConnectionsMax == 64)
    #expect(limits.adminRequestMaxBytes == 8_192)
    #expect(limits.adminTimeoutMilliseconds == 5_000)
    #expect(limits.expirySweepIntervalMilliseconds == 100)
    #expect(limits.reloadIntervalMilliseconds == 10_000)
    #expect(limits.rateLimitPerClient == 0)
    #expect(limits.rateLimitBurst == 0)
    #expect(limits.rateLimitClientsMax == 10_000)
  }

  @Test func `what a client may do beside calls, and for how long it is waited for`() {
    let limits = NodeLimits()
    #expect((limits.controlFramesPerSecond, limits.controlFrameBurst) == (1_000, 10_000))
    #expect((limits.streamResetsPerSecond, limits.streamResetBurst) == (500, 10_000))
    #expect((limits.faultsPerSecond, limits.faultBurst) == (10, 100))
    #expect((limits.pingIntervalMinMilliseconds, limits.pingStrikesMax) == (5_000, 2))
    #expect((limits.continuationsMax, limits.settingsEntriesMax) == (80, 32))
    #expect(limits.outboundAcksMax == 1_000)
    #expect(limits.prefaceTimeoutMilliseconds == 10_000)
    #expect(limits.headerTimeoutMilliseconds == 10_000)
    #expect(limits.bodyTimeoutMilliseconds == 60_000)
    #expect(limits.writeTimeoutMilliseconds == 30_000)
    #expect(limits.idleTimeoutMilliseconds == 3_600_000)
    #expect(limits.connectionAgeMaxMilliseconds == 0)
    #expect(limits.connectionAgeGraceMilliseconds == 30_000)
    #expect(limits.keepaliveIntervalMilliseconds == 7_200_000)
    #expect(limits.keepaliveTimeoutMilliseconds == 20_000)
  }

  @Test func `a server takes over what a node is told, and has the same defaults`() {
    let server = Server.Configuration(NodeLimits())
    #expect(server.connection.timeouts == ServerTimeouts())
    #expect(server.buffersMaxBytes == Server.Configuration().buffersMaxBytes)
    #expect(server.connection.session == SessionConfiguration())
    var limits = NodeLimits()
    limits.faultBurst = 7
    limits.pingIntervalMinMilliseconds = 3
    limits.writeTimeoutMilliseconds = 9
    limits.handlersMax = 5
    let changed = Server.Configuration(limits)
    #expect(changed.connection.session.faultBurst == 7)
    #expect(changed.connection.session.pingIntervalMinNanoseconds == 3_000_000)
    #expect(changed.connection.timeouts.write == .milliseconds(9))
    #expect(changed.handlersMax == 5)
  }

  @Test func `buffers of all connections that hold one's are taken and one byte less refused`()
    throws
  {
    #expect(try load(["buffers-max": "64MiB"]).limits.buffersMaxBytes == 64 << 20)
    #expect(
      try problems(["buffers-max": "67108863"]) == [
        "buffers-max (67108863 from --buffers-max) is less than request-buffer-max (64MiB by"
          + " default), but one connection could otherwise never use its own buffer."
          + " Raise buffers-max to at least 64MiB, or lower request-buffer-max."
      ])
  }

  @Test func `memory of twice the largest value is taken and one byte less refused`() throws {
    #expect(try load(["memory": "6MiB"]).memoryBytes == 6 << 20)
    #expect(
      try problems(["memory": "6291455"]) == [
        "memory (6291455 from --memory) is less than 2 x value-max (3MiB by default) = 6MiB, but"
          + " a value being replaced and its successor are held at the same time."
          + " Raise memory to at least 6MiB, or lower value-max."
      ])
  }

  @Test func `a message that holds key, value and overhead is taken and one byte less refused`()
    throws
  {
    // 3 MiB + 64 KiB + 1 KiB = 3137 KiB, and the batch reply out of the way.
    let reply = ["batch-reply-max": "3MiB", "value-max": "2MiB", "key-max": "64KiB"]
    let exact = reply.merging(["message-max": "3MiB"]) { _, new in new }
    #expect(try load(exact).limits.messageMaxBytes == 3 << 20)

    let larger = ["value-max": "3MiB", "batch-reply-max": "3073KiB", "message-max": "3137KiB"]
    #expect(try load(larger).limits.messageMaxBytes == 3_137 << 10)
    let past = larger.merging(["message-max": "3212287"]) { _, new in new }
    #expect(
      try problems(past) == [
        "message-max (3212287 from --message-max) is less than value-max (3MiB from --value-max)"
          + " + key-max (64KiB by default) + 1KiB = 3137KiB, but a Set of the largest value under"
          + " the longest key is one message. Raise message-max to at least 3137KiB, or lower"
          + " value-max or key-max."
      ])
  }

  @Test func `a message as large as a batch reply is taken and one byte less refused`() throws {
    #expect(try load(["message-max": "3584KiB"]).limits.messageMaxBytes == 3_584 << 10)
    #expect(
      try problems(["message-max": "3670015"]) == [
        "message-max (3670015 from --message-max) is less than batch-reply-max (3584KiB by"
          + " default), but a batch reply is one message. Raise message-max to at least 3584KiB,"
          + " or lower batch-reply-max."
      ])
  }

  @Test func `a batch reply that holds the largest value is taken and one byte less refused`()
    throws
  {
    #expect(try load(["batch-reply-max": "3073KiB"]).limits.batchReplyMaxBytes == 3_073 << 10)
    #expect(
      try problems(environment: ["LARDER_BATCH_REPLY_MAX": "3146751"]) == [
        "batch-reply-max (3146751 from LARDER_BATCH_REPLY_MAX) is less than value-max (3MiB by"
          + " default) + 1KiB = 3073KiB, but the largest value could otherwise never be read by"
          + " GetMany. Raise batch-reply-max to at least 3073KiB, or lower value-max."
      ])
  }

  @Test func `a connection window as large as a stream's is taken and one byte less refused`()
    throws
  {
    #expect(try load(["connection-window": "1MiB"]).limits.connectionWindowBytes == 1 << 20)
    #expect(
      try problems(yaml: "connection-window: 1048575") == [
        "connection-window (1048575 from FILE, line 1) is less than stream-window (1MiB by"
          + " default), but one call could otherwise never use its own window."
          + " Raise connection-window to at least 1MiB, or lower stream-window."
      ])
  }

  @Test func `a request buffer as large as a message is taken and one byte less refused`() throws {
    #expect(try load(["request-buffer-max": "4MiB"]).limits.requestBufferMaxBytes == 4 << 20)
    #expect(
      try problems(["request-buffer-max": "4194303"]) == [
        "request-buffer-max (4194303 from --request-buffer-max) is less than message-max (4MiB by"
          + " default), but the largest message could otherwise never become whole."
          + " Raise request-buffer-max to at least 4MiB, or lower message-max."
      ])
  }

  @Test func `an output buffer as large as an inline value is taken and one byte less refused`()
    throws
  {
    let exact = ["inline-value-max": "48KiB", "output-buffer-max": "48KiB"]
    #expect(try load(exact).limits.outputBufferMaxBytes == 48 << 10)
    #expect(
      try problems(["inline-value-max": "48KiB", "output-buffer-max": "49151"]) == [
        "output-buffer-max (49151 from --output-buffer-max) is less than inline-value-max (48KiB"
          + " from --inline-value-max), but an inline value is copied whole into the output"
          + " buffer. Raise output-buffer-max to at least 48KiB, or lower inline-value-max."
      ])
  }

  @Test func `the largest sizes of all do not overflow each other`() throws {
    let configuration = try load([
      "value-max": "1GiB", "message-max": "2147483647", "batch-reply-max": "2147483647",
      "request-buffer-max": "1TiB", "buffers-max": "1TiB", "memory": "1024TiB",
    ])
    #expect(configuration.limits.valueMaxBytes == 1 << 30)
  }

  @Test(arguments: [
    ["inline-value-max": "64"], ["inline-value-max": "48KiB"],
    [
      "value-max": "1GiB", "message-max": "2047MiB", "batch-reply-max": "2047MiB",
      "request-buffer-max": "2047MiB", "buffers-max": "2GiB", "memory": "2GiB",
    ],
    ["value-max": "1", "memory": "1MiB"], ["loops": "1024"], ["tombstones-max": "1000000000"],
  ])
  func `what the settings accept at their edges the store accepts too`(
    flags: [String: String]
  ) throws {
    let configuration = try load(flags)
    #expect(throws: Never.self) { try Store(StoreConfiguration(configuration)) }
  }

  @Test func `a size out of its range draws no complaint about what depends on it`() {
    var configuration = NodeConfiguration(coreCount: 4)
    configuration.limits.valueMaxBytes = .max
    #expect(
      configuration.problems.map(\.settings) == [["value-max"]])
  }

  @Test func `a configuration built by hand is judged by the same rules`() {
    var configuration = NodeConfiguration(coreCount: 4)
    configuration.loops = 0
    configuration.limits.headersMax = 15
    configuration.namespaces[0].valueMaxBytes = 4 << 20
    #expect(
      configuration.problems.map(\.message) == [
        "loops by default: \"0\" is too small. Expected a whole number from 1 to 1024.",
        "headers-max by default: \"15\" is too small. Expected a whole number from 16 to 4096.",
        "namespaces[0].value-max: 4MiB is above the node's value-max (3MiB by default)."
          + " Lower it, or raise the node's.",
      ])
  }
}
