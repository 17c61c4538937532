import EtcdTestSupport
import NIOCore
import NIOPosix
import Testing

@testable import Cluster

@Suite struct AddressProbeTests {
  private let probe = AddressProbe(
    group: MultiThreadedEventLoopGroup.singleton, timeout: .milliseconds(500))

  @Test func `a gRPC server that is no node answers, until it is gone`() async throws {
    // etcd's is as good as any.
    let etcd = try EtcdProcess.single()
    try await etcd.start()
    let member = Member(id: "a", host: "127.0.0.1", port: Int(etcd.clientPort))
    // Patient: a busy machine may let it wait.
    let probe = AddressProbe(group: MultiThreadedEventLoopGroup.singleton, timeout: .seconds(60))
    let answer = await probe.ask(member)
    etcd.kill()
    let later = await probe.ask(member)
    guard case .other(let text) = answer, case .nobody(let why) = later else {
      Issue.record("it answered \(answer), then \(later)")
      return
    }
    #expect(text.contains("UNIMPLEMENTED") && why.contains(member.address))
  }

  @Test func `one that takes connections and says nothing does not answer`() async throws {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let member = Member(id: "a", host: "127.0.0.1", port: listener.localAddress?.port ?? 0)
    let answer = await probe.ask(member)
    try await listener.close()
    guard case .nobody = answer else {
      Issue.record("it answered \(answer)")
      return
    }
  }
}
