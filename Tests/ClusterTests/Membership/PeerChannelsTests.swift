import GRPC
import LarderAPI
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Cluster

@Suite struct PeerChannelsTests {
  /// Says of itself what it was told to, with an epoch that grows with every question.
  private final class Reporter: UnaryService {
    private let response: ReportResponse
    private let isMute: Bool
    private let questions = Atomic<UInt64>(0)

    init(_ response: ReportResponse, isMute: Bool) {
      self.response = response
      self.isMute = isMute
    }

    func serve(_ call: borrowing UnaryCall) {
      if self.isMute {
        _ = call.park()
        return
      }
      var response = self.response
      let revision = self.questions.add(1, ordering: .relaxed).newValue
      response.epoch = "\(Epoch(incarnation: 1, revision: revision))"
      let bytes = response.serialized()
      call.reply(size: bytes.count) { $0.append(bytes: bytes.span.bytes) }
    }
  }

  /// What a node with this id reports when it is asked as the member `asked`.
  private func report(
    of id: String, reachesEtcd: Bool, asked: String = "b", isMute: Bool = false,
    isThere: Bool = true
  ) async throws -> PeerReport? {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var response = ReportResponse()
    response.nodeID = id
    response.reachesEtcd = reachesEtcd
    let server = Server(
      [.unary(paths: [PeerMethod.reportPath], Reporter(response, isMute: isMute))],
      configuration: .init(), group: group, logger: silent)
    let address = try await server.listen(host: "127.0.0.1", port: 0)
    if !isThere { _ = await server.shutdown(timeout: .milliseconds(1)) }
    // Patient where an answer is to come, and not where none is.
    let channels = PeerChannels(
      group: group, configuration: ForwardingConfiguration(),
      timeout: isMute ? .milliseconds(50) : .seconds(60), logger: silent)
    let member = Member(id: asked, host: "127.0.0.1", port: address.port ?? 0)
    let report = await channels.report(of: member)
    let again = await channels.report(of: member)
    // The third question, or as many as it takes; one that does not answer is not waited for.
    let hasReached = await channels.wait(
      for: member, toReach: Epoch(incarnation: 1, revision: 6), until: .now + .seconds(60))
    #expect(hasReached)
    await channels.shutdown()
    if isThere { _ = await server.shutdown(timeout: .milliseconds(1)) }
    try await group.shutdownGracefully()
    #expect(report == again)
    return report
  }

  /// Who is where a server refuses the question, or answers it.
  private func whoIs(refusing status: Status?) async throws -> AddressAnswer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var response = ReportResponse()
    response.nodeID = "b"
    response.incarnation = 5
    let service: any UnaryService =
      status.map { Refuser(status: $0) } ?? Reporter(response, isMute: false)
    let server = Server(
      [.unary(paths: [PeerMethod.reportPath], service)], configuration: .init(), group: group,
      logger: silent)
    let address = try await server.listen(host: "127.0.0.1", port: 0)
    let channels = PeerChannels(
      group: group, configuration: ForwardingConfiguration(), timeout: .seconds(60), logger: silent)
    let answer = await channels.whoIs(
      at: Member(id: "a", host: "127.0.0.1", port: address.port ?? 0))
    await channels.shutdown()
    _ = await server.shutdown(timeout: .milliseconds(1))
    try await group.shutdownGracefully()
    return answer
  }

  private final class Refuser: UnaryService {
    private let status: Status

    init(status: Status) { self.status = status }

    func serve(_ call: borrowing UnaryCall) { call.fail(self.status) }
  }

  @Test func `who is at an address says so, refuses, or is something else`() async throws {
    #expect(try await self.whoIs(refusing: nil) == .node(id: "b", incarnation: 5))
    for code in [StatusCode.unauthenticated, .permissionDenied] {
      let status = Status(code, "no peer")
      #expect(try await self.whoIs(refusing: status) == .refused("\(status)"))
    }
    let starting = Status(.unavailable, "it starts")
    #expect(try await self.whoIs(refusing: starting) == .other("\(starting)"))
  }

  @Test func `a node is taken at its word`() async throws {
    #expect(try await self.report(of: "b", reachesEtcd: true) == .reachesEtcd)
    #expect(try await self.report(of: "b", reachesEtcd: false) == .cutOff)
  }

  @Test func `another node at the address says nothing of the one that was there`() async throws {
    #expect(try await self.report(of: "c", reachesEtcd: true) == nil)
  }

  @Test func `one that does not answer, or is not there, says nothing`() async throws {
    #expect(try await self.report(of: "b", reachesEtcd: true, isMute: true) == nil)
    #expect(try await self.report(of: "b", reachesEtcd: true, isThere: false) == nil)
  }
}
