import GRPCServices
import Glibc
import LarderAPI
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import GRPC

extension FuzzTarget {
  /// A server on a socket, with streaming services: their tasks come and go beside the connection.
  static let streams = FuzzTarget(
    name: "streams",
    seeds: [
      [0, 0, 0, 0x0a, 0, 0], [0, 0, 1, 0x0a, 0, 2, 0x3a, 0], [0, 0, 0, 0x0a, 0, 0, 4, 0, 8],
      [0, 0, 1, 2, 0, 2, 0x3a, 0, 2, 0, 2, 0x3a, 0, 1, 0, 0],
    ]
  ) { input in
    let program = FrameProgram(
      input, hello: Frame.clientHello, blocks: streamBlocks, firstStream: 1)
    SocketServer.shared.exchange(program.reads)
  }
}

private let streamBlocks: [[UInt8]] = [
  "/grpc.health.v1.Health/Watch", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
].map { path in
  Frame.hpack([
    ":method": "POST", ":scheme": "http", ":path": path, ":authority": "a", "te": "trailers",
    "content-type": "application/grpc",
  ])
}

/// One server for all inputs of a process.
private final class SocketServer: Sendable {
  static let shared = SocketServer()
  private let address: SocketAddress
  private let server: Server
  private let exchanges = Atomic<UInt32>(0)

  init() {
    do {
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let health = HealthService()
      health.set("", .serving)
      let index = try ReflectionIndex(
        descriptorSet: DescriptorSet.bytes, services: [CacheMethod.service])
      self.server = Server(
        health.registrations + ReflectionService(index).registrations, configuration: .init(),
        group: group, logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
      let server = self.server
      let promise = group.next().makePromise(of: SocketAddress.self)
      promise.completeWithTask { try await server.listen(host: "127.0.0.1", port: 0) }
      self.address = try promise.futureResult.wait()
    } catch {
      fatalError("the server of the test does not start: \(error)")
    }
  }

  private static func local(_ exchange: UInt32) -> SocketAddress {
    do {
      return try SocketAddress(ipAddress: "127.0.0.\(2 + exchange % 200)", port: 0)
    } catch {
      fatalError("no address: \(error)")
    }
  }

  /// Sends everything, then nothing more, and reads until the server is done with it.
  func exchange(_ reads: [[UInt8]]) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    precondition(descriptor >= 0)
    defer { close(descriptor) }
    // From 127.0.0.2 to 127.0.0.201 in turn: each has some 28,000 ports, and a closed connection
    // keeps its own for a minute.
    let exchange = self.exchanges.add(1, ordering: .relaxed).newValue
    let bound = Self.local(exchange).withSockAddr { address, size in
      bind(descriptor, address, socklen_t(size))
    }
    precondition(bound == 0, "no address to call from: \(errno)")
    let connected = self.address.withSockAddr { address, size in
      connect(descriptor, address, socklen_t(size))
    }
    precondition(connected == 0, "the server is gone: \(errno)")
    for read in reads {
      // A server that has closed already takes no more: that is an answer.
      if send(descriptor, read, read.count, Int32(MSG_NOSIGNAL)) < 0 { break }
    }
    shutdown(descriptor, Int32(SHUT_WR))
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
  }
}
