import EtcdTestSupport
import NIOCore
import NIOPosix
import Testing

@testable import Cluster

@Suite struct AddressProbeTests {
  private let probe = AddressProbe(
    group: MultiThreadedEventLoopGroup.singleton, timeout: .milliseconds(500))

  @Test func `a gRPC server answers, until it is gone`() async throws {
    // etcd's is as good as any.
    let etcd = try EtcdProcess.single()
    try await etcd.start()
    let member = Member(id: "a", host: "127.0.0.1", port: Int(etcd.clientPort))
    // Patient: a busy machine may let it wait.
    let probe = AddressProbe(group: MultiThreadedEventLoopGroup.singleton, timeout: .seconds(60))
    let isThere = await probe.answers(member)
    etcd.kill()
    let isStillThere = await probe.answers(member)
    #expect(isThere && !isStillThere)
  }

  @Test func `one that takes connections and says nothing does not answer`() async throws {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let member = Member(id: "a", host: "127.0.0.1", port: listener.localAddress?.port ?? 0)
    let isThere = await probe.answers(member)
    try await listener.close()
    #expect(!isThere)
  }
}
