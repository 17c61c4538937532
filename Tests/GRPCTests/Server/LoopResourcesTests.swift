import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// Connections that have ended are let go of a moment later, one by one.
@Suite struct LoopResourcesTests {
  private let loop = EmbeddedEventLoop()

  private func end(_ count: Int, _ resources: LoopResources) {
    for _ in 0..<count {
      let connection = ServerConnection(
        router: Router([], interceptors: []), limits: ConnectionLimits(), resources: resources,
        logger: silent, peer: ConnectionPeer(address: nil), whenEnded: { _ in })
      resources.release(connection, on: self.loop)
    }
  }

  @Test func `each has its turn`() {
    let resources = LoopResources(allocator: ByteBufferAllocator())
    self.end(3, resources)
    #expect(resources.ended.count == 3)
    self.loop.advanceTime(by: .microseconds(200))
    #expect(resources.ended.count == 2)
    self.loop.advanceTime(by: .seconds(1))
    #expect(resources.ended.isEmpty)
    self.end(1, resources)
    self.loop.advanceTime(by: .seconds(1))
    #expect(resources.ended.isEmpty)
  }

  @Test func `clients that come and go make no queue of them`() {
    let resources = LoopResources(allocator: ByteBufferAllocator())
    self.end(10 * LoopResources.endedMax, resources)
    #expect(resources.ended.count == LoopResources.endedMax)
    self.loop.advanceTime(by: .seconds(1))
    #expect(resources.ended.isEmpty)
  }

  @Test func `a loop that is shut down keeps none`() throws {
    weak var resources: LoopResources?
    do {
      let owned = LoopResources(allocator: ByteBufferAllocator())
      resources = owned
      self.end(2, owned)
    }
    #expect(resources != nil)
    try self.loop.syncShutdownGracefully()
    #expect(resources == nil)
  }
}
