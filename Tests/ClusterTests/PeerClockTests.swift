import CacheStore
import GRPC
import NIOCore
import Testing

@testable import Cluster

@Suite struct PeerClockTests {
  @Test func `a clock reads back as it was written`() {
    let text = Array("\(PeerClock(Version(rawValue: .max), of: "[::1]:7600"))".utf8)
    #expect(PeerClock.version(of: text.span.bytes) == Version(rawValue: .max))
    #expect(PeerClock.nodeID(of: text.span.bytes) == "[::1]:7600")
  }

  @Test(arguments: ["", ";a", "1", "-1;a", "1.5;a", " 1;a", "18446744073709551616;a", "1_0;a"])
  func `what is no clock is none`(text: String) {
    let bytes = Array(text.utf8)
    #expect(PeerClock.version(of: bytes.span.bytes) == nil)
  }

  /// Calls of `a`, which are for `b`, tell `b` the clock of `a`.
  private func withClocks(
    ahead milliseconds: UInt64,
    _ body: (TestNode, VersionClock, TestNode, VersionClock) async throws
      -> Void
  ) async throws {
    let clocks = [VersionClock(), VersionClock()]
    let ahead = Version(wallMilliseconds: WallClock.milliseconds() + milliseconds)
    clocks[0].observe(ahead)
    var configuration = ForwardingConfiguration()
    configuration.clock = clocks[0]
    let a = try await TestNode("a", configuration)
    configuration.clock = clocks[1]
    let b = try await TestNode("b", configuration)
    for node in [a, b] { try await node.install([a.member, b.member], revision: 1) }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(a, clocks[0], b, clocks[1]))
    } catch {
      result = .failure(error)
    }
    try await a.stop()
    try await b.stop()
    try result.get()
  }

  @Test func `the owner of a key counts on from the clock of the node that forwards`() async throws
  {
    try await self.withClocks(ahead: 600_000) { a, clockOfA, _, clockOfB in
      #expect(await a.owner(of: keyOfB) == .success("b"))
      #expect(clockOfB.newest == clockOfA.newest)
      // What the calls say is what the clock was when it was told last.
      let later = clockOfA.next(wallMilliseconds: 0)
      a.forwarding.tellClock()
      #expect(await a.owner(of: keyOfB) == .success("b"))
      #expect(clockOfB.newest == later)
    }
  }

  @Test func `a clock that is too far ahead is not followed, and the call is served`() async throws
  {
    try await self.withClocks(ahead: 2 * 3_600_000) { a, _, b, clockOfB in
      #expect(await a.owner(of: keyOfB) == .success("b"))
      #expect(clockOfB.newest == .none)
      #expect(await b.hits(of: .clockSkewMax) == 1)
    }
  }
}
