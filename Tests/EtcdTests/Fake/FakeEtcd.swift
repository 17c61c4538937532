import GRPC
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Etcd

/// A member that does what a test says: for faults that a real etcd does not have on demand.
final class FakeEtcd: Sendable {
  /// What a test says and sees.
  struct Script: Sendable {
    /// Answers to Range, with how many there were before.
    var range: @Sendable (RangeRequest, Int) throws(Status) -> RangeResponse = { _, _ in
      RangeResponse()
    }
    var put: @Sendable (Int) throws(Status) -> PutResponse = { _ in PutResponse() }
    var authenticate: @Sendable (Int) throws(Status) -> String = { "token-\($0)" }
    var grant: @Sendable (Int) -> LeaseGrantResponse = { _ in LeaseGrantResponse() }
    /// Serves a watch stream, with how many there were before.
    var watch: @Sendable (FakeStream<WatchRequest, WatchResponse>, Int) async throws -> Void = {
      _, _ in
    }
    var keepAlive:
      @Sendable (FakeStream<LeaseRequest, LeaseKeepAliveResponse>, Int) async throws -> Void = {
        _, _ in
      }
  }

  let script: Script
  private let counts = Mutex<[String: Int]>([:])
  private let seenMetadata = Mutex<[String: [Metadata]]>([:])
  private let server = Mutex<(Server, Int)?>(nil)

  init(_ script: Script) { self.script = script }

  static let unary: [EtcdMethod] = [.range, .put, .authenticate, .leaseGrant, .leaseRevoke]
  static let streaming: [EtcdMethod] = [.watch, .leaseKeepAlive]

  /// How often a method was called.
  func count(_ method: EtcdMethod) -> Int { self.counts.withLock { $0[method.path] ?? 0 } }

  /// What came with each call of a method.
  func metadata(_ method: EtcdMethod) -> [Metadata] {
    self.seenMetadata.withLock { $0[method.path] ?? [] }
  }

  fileprivate func begin(_ method: EtcdMethod, _ metadata: Metadata) -> Int {
    self.seenMetadata.withLock { $0[method.path, default: []].append(metadata) }
    return self.counts.withLock { counts in
      defer { counts[method.path, default: 0] += 1 }
      return counts[method.path] ?? 0
    }
  }

  func start() async throws -> EtcdEndpoint {
    let server = Server(
      [
        .unary(paths: Self.unary.map(\.path), FakeUnary(fake: self)),
        .streaming(paths: Self.streaming.map(\.path), FakeStreaming(fake: self)),
      ], configuration: Server.Configuration(), group: MultiThreadedEventLoopGroup.singleton,
      logger: silent)
    let port = try await server.listen(host: "127.0.0.1", port: 0).port ?? 0
    self.server.withLock { $0 = (server, port) }
    return EtcdEndpoint(host: "127.0.0.1", port: port)
  }

  func stop() async {
    let server = self.server.withLock { $0?.0 }
    _ = await server?.shutdown(timeout: .milliseconds(1))
  }
}

/// Runs `body` with a client of members that do what their scripts say.
func withFakes(
  _ scripts: FakeEtcd.Script..., change: (inout EtcdConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (EtcdClient, [FakeEtcd]) async throws -> Void
) async throws {
  let fakes = scripts.map { FakeEtcd($0) }
  var endpoints: [EtcdEndpoint] = []
  for fake in fakes { endpoints.append(try await fake.start()) }
  let result: Result<Void, any Error>
  do {
    result = .success(try await withClient(endpoints, change) { try await body($0, fakes) })
  } catch {
    result = .failure(error)
  }
  for fake in fakes { await fake.stop() }
  try result.get()
}

/// A stream as a script sees it.
struct FakeStream<Request: WireDecodable & Sendable, Response: WireMessage & Sendable>: Sendable {
  let call: StreamingCall

  var requests: some AsyncSequence<Request, any Error> {
    self.call.messages.map { try Request(decoding: $0.readableBytesSpan) }
  }

  func send(_ response: Response) async throws {
    try await self.call.send(ByteBuffer(bytes: response.serialized()))
  }
}

private final class FakeUnary: UnaryService {
  private let fake: FakeEtcd

  init(fake: FakeEtcd) { self.fake = fake }

  func serve(_ call: borrowing UnaryCall) {
    let method = FakeEtcd.unary[call.method]
    let count = self.fake.begin(method, call.metadata.copy())
    do {
      let answer: [UInt8]
      switch method {
      case .range:
        answer = try self.fake.script.range(RangeRequest(decoding: call.message), count)
          .serialized()
      case .put: answer = try self.fake.script.put(count).serialized()
      case .authenticate:
        var response = AuthenticateResponse()
        response.token = try self.fake.script.authenticate(count)
        answer = response.serialized()
      case .leaseGrant: answer = self.fake.script.grant(count).serialized()
      default: answer = HeaderResponse().serialized()
      }
      call.reply(size: answer.count) { output in for byte in answer { output.append(byte) } }
    } catch {
      call.fail(error as? Status ?? Status(.internal, "\(error)"))
    }
  }
}

private final class FakeStreaming: StreamingService {
  private let fake: FakeEtcd

  init(fake: FakeEtcd) { self.fake = fake }

  func serve(_ call: StreamingCall) async throws {
    let method = FakeEtcd.streaming[call.method]
    let count = self.fake.begin(method, call.metadata)
    if method == .watch {
      try await self.fake.script.watch(FakeStream(call: call), count)
    } else {
      try await self.fake.script.keepAlive(FakeStream(call: call), count)
    }
  }
}
