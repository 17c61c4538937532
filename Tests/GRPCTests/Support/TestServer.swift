import HTTP2
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import GRPC

/// A real server on a loopback socket, with one event loop.
struct TestServer {
  let server: Server
  let address: SocketAddress
  let group: MultiThreadedEventLoopGroup

  /// The loop that all connections are on.
  var eventLoop: any EventLoop { self.group.any() }

  func connect(_ change: (inout SessionConfiguration) -> Void = { _ in }) async throws
    -> TestClient
  {
    var configuration = SessionConfiguration()
    change(&configuration)
    return try await TestClient.connect(to: self.address, configuration)
  }
}

/// Serves `services` while `body` runs.
func withServer(
  _ services: [ServiceRegistration], _ configuration: Server.Configuration = .init(),
  _ body: (TestServer) async throws -> Void
) async throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let server = Server(services, configuration: configuration, group: group, logger: silent)
  let address = try await server.listen(host: "127.0.0.1", port: 0)
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(TestServer(server: server, address: address, group: group)))
  } catch {
    result = .failure(error)
  }
  _ = await server.shutdown(timeout: .milliseconds(1))
  try await group.shutdownGracefully()
  try result.get()
}

/// Serves `service` at `/t.S/M`, and an echo at `/t.S/Echo`, while `body` runs.
func withStreaming(
  _ service: Streaming, _ configuration: Server.Configuration = .init(),
  _ body: (TestServer) async throws -> Void
) async throws {
  try await withServer(
    [.unary(paths: ["/t.S/Echo"], Unary.echo), .streaming(paths: ["/t.S/M"], service)],
    configuration, body)
}

/// Waits until `condition` holds; fails the test when it does not in time.
func eventually(
  _ what: String, within limit: Duration = .seconds(60),
  sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while !(try await condition()) {
    try #require(
      ContinuousClock.now < deadline, "did not happen: \(what)", sourceLocation: sourceLocation)
    try await Task.sleep(for: .milliseconds(2))
  }
}

/// Waits until `value` has not changed for 100 milliseconds.
func settled<Value: Equatable>(_ value: () async throws -> Value) async throws -> Value {
  var last = try await value()
  var since = ContinuousClock.now
  while ContinuousClock.now - since < .milliseconds(100) {
    try await Task.sleep(for: .milliseconds(5))
    let next = try await value()
    if next != last {
      last = next
      since = .now
    }
  }
  return last
}

/// A door that a handler waits at until the test opens it, or the handler is cancelled.
struct Gate: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (self.stream, self.continuation) = AsyncStream.makeStream() }

  func open() { self.continuation.finish() }
  func wait() async { for await _ in self.stream {} }
}

/// Set once, from whatever thread.
final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { self.value.load(ordering: .acquiring) }
  func set() { self.value.store(true, ordering: .releasing) }
}
