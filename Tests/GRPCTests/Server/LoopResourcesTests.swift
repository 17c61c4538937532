import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// Connections that are gone have their streams ended a moment later, one by one.
@Suite struct LoopResourcesTests {
  private final class Finished {
    var count = 0
  }

  private let loop = EmbeddedEventLoop()
  private let finished = Finished()

  private func end(_ count: Int, _ resources: LoopResources) {
    let finished = self.finished
    for _ in 0..<count {
      let connection = ServerConnection(
        router: Router([], interceptors: []), limits: ConnectionLimits(), resources: resources,
        logger: silent, peer: ConnectionPeer(address: nil), whenEnded: { _ in finished.count += 1 })
      if !resources.finishLater(connection, on: self.loop) { connection.finish() }
    }
  }

  @Test func `each has its turn`() {
    let resources = LoopResources(allocator: ByteBufferAllocator())
    self.end(3, resources)
    #expect(resources.ended.count == 3)
    #expect(self.finished.count == 0)
    self.loop.advanceTime(by: .microseconds(200))
    #expect(resources.ended.count == 2 && self.finished.count == 1)
    self.loop.advanceTime(by: .seconds(1))
    #expect(resources.ended.isEmpty && self.finished.count == 3)
    self.end(1, resources)
    self.loop.advanceTime(by: .seconds(1))
    #expect(resources.ended.isEmpty)
  }

  @Test func `clients that come and go make no queue of them`() {
    let resources = LoopResources(allocator: ByteBufferAllocator())
    self.end(10 * LoopResources.endedMax, resources)
    #expect(resources.ended.count == LoopResources.endedMax)
    #expect(self.finished.count == 9 * LoopResources.endedMax)
    self.loop.advanceTime(by: .seconds(1))
    #expect(resources.ended.isEmpty)
  }

  @Test func `a loop that is shut down keeps none, and has ended all`() throws {
    weak var resources: LoopResources?
    do {
      let owned = LoopResources(allocator: ByteBufferAllocator())
      resources = owned
      self.end(2, owned)
    }
    #expect(resources != nil)
    try self.loop.syncShutdownGracefully()
    #expect(resources == nil && self.finished.count == 2)
  }
}
