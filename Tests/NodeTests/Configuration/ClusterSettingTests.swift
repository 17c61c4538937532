import Cluster
import GRPC
import NIOCore
import Testing

@testable import Node

@Suite struct ClusterSettingTests {
  @Test func `peers are addresses with commas between`() throws {
    let configuration = try load(["peers": "127.0.0.1:7600, b:7600,[::1]:7602"])
    #expect(configuration.peers.map(\.description) == ["127.0.0.1:7600", "b:7600", "[::1]:7602"])
    #expect(try load().peers.isEmpty)
  }

  @Test(arguments: [
    ("a:1,,b:1", "has no port"), ("a", "has no port"), ("a:1,A:1", "has an address twice"),
    ("0.0.0.0:1", "has an address that nobody can call"),
    ("a:0", "has an address that nobody can call"),
  ])
  func `a list that cannot be one is refused`(text: String, problem: String) throws {
    let found = try problems(["peers": text])
    #expect(found.count == 1 && found[0].hasPrefix("--peers: \"\(text)\" \(problem)."))
  }

  @Test func `a node that listens everywhere has to say which of its peers it is`() throws {
    let found = try problems([
      "peers": "a:7600,b:7600", "listen": "0.0.0.0:7600", "insecure": "true",
    ])
    #expect(found.count == 1 && found[0].contains("Give its own address in that list"))
    let port = try problems(["peers": "a:7600,b:7600", "listen": "127.0.0.1:0"])
    #expect(port.count == 1 && port[0].contains("Give its own address in that list"))
    _ = try load([
      "peers": "a:7600,b:7600", "listen": "0.0.0.0:7600", "insecure": "true", "advertise": "a:7600",
    ])
  }

  @Test func `a token for peers makes no sense without any`() throws {
    let found = try problems(["peer-token-file": "/t"])
    #expect(
      found == [
        "--peer-token-file makes sense only with other nodes. Give them with peers, or"
          + " their etcd with etcd."
      ])
  }

  @Test func `forwarding takes over what a node is told, and has the same defaults`() {
    let byDefault = ForwardingConfiguration(NodeLimits())
    let own = ForwardingConfiguration()
    #expect(byDefault.connectionsPerLoop == own.connectionsPerLoop)
    #expect(byDefault.callsMax == own.callsMax)
    #expect(byDefault.connectTimeout == own.connectTimeout)
    #expect(byDefault.backoffMax == own.backoffMax)
    #expect(byDefault.idleTimeout == own.idleTimeout)
    #expect(byDefault.keepaliveInterval == own.keepaliveInterval)
    #expect(byDefault.keepaliveTimeout == own.keepaliveTimeout)
    #expect(byDefault.forwardTimeout == own.forwardTimeout)
    #expect(byDefault.forwardMargin == own.forwardMargin)
    #expect(byDefault.metadataMaxBytes == own.metadataMaxBytes)
    #expect(byDefault.epochWait == own.epochWait)
    #expect(byDefault.handoverWait == own.handoverWait)
    #expect(byDefault.handoverCallsMax == own.handoverCallsMax)
    var limits = NodeLimits()
    limits.messageMaxBytes = 5 << 20
    limits.peerCallsMax = 7
    limits.forwardMetadataMaxBytes = 8
    #expect(ForwardingConfiguration(limits).connection.messageMaxBytes == 5 << 20)
    #expect(ForwardingConfiguration(limits).callsMax == 7)
    #expect(ForwardingConfiguration(limits).metadataMaxBytes == 8)
  }

  @Test(arguments: [
    (Setting.peerConnectionsPerLoop, "1", "0"), (.peerConnectionsPerLoop, "64", "65"),
    (.peerCallsMax, "1", "0"), (.peerCallsMax, "1000000", "1000001"),
    (.peerConnectTimeout, "10ms", "9ms"), (.peerConnectTimeout, "10m", "600001ms"),
    (.peerBackoffMax, "50ms", "49ms"), (.peerBackoffMax, "1h", "3600001ms"),
    (.peerIdleTimeout, "100ms", "99ms"), (.peerIdleTimeout, "1d", "2d"),
    (.peerKeepaliveInterval, "100ms", "99ms"), (.peerKeepaliveInterval, "1d", "2d"),
    (.peerKeepaliveTimeout, "10ms", "9ms"), (.peerKeepaliveTimeout, "1d", "2d"),
    (.peerSuspectAfter, "10ms", "9ms"), (.peerSuspectAfter, "1d", "2d"),
    (.forwardTimeout, "10ms", "9ms"), (.forwardTimeout, "1d", "2d"),
    (.forwardMargin, "0ms", "60001ms"), (.forwardMargin, "1m", "60001ms"),
    (.forwardMetadataMax, "0", "65KiB"), (.forwardMetadataMax, "64KiB", "65KiB"),
    (.epochWait, "0ms", "60001ms"), (.epochWait, "1m", "60001ms"),
    (.handoverWait, "0ms", "60001ms"), (.handoverWait, "1m", "60001ms"),
    (.handoverCallsMax, "1", "0"), (.handoverCallsMax, "1000000", "1000001"),
  ])
  func `the value at the edge is taken and the one past it refused`(
    setting: Setting, taken: String, refused: String
  ) throws {
    #expect(setting.text(in: try load([setting.name: taken])) == taken)
    #expect(try problems([setting.name: refused]).count == 1)
  }
}
