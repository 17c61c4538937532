import EtcdTestSupport
import GRPC
import Logging
import NIOPosix
import Synchronization
import Testing

@testable import Etcd

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension EtcdProcess {
  var endpoint: EtcdEndpoint { EtcdEndpoint(host: "127.0.0.1", port: Int(self.clientPort)) }
}

/// Runs `body` with a client of `endpoints` whose watches are served.
func withClient<Value: Sendable>(
  _ endpoints: [EtcdEndpoint], _ change: (inout EtcdConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (EtcdClient) async throws -> Value
) async throws -> Value {
  var configuration = EtcdConfiguration(endpoints: endpoints)
  // A busy machine is no reason to fail, and a Put that is given up may not be made again.
  configuration.callTimeout = .seconds(60)
  configuration.attemptTimeout = .seconds(60)
  change(&configuration)
  let client = try EtcdClient(
    configuration, group: MultiThreadedEventLoopGroup.singleton, logger: silent)
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await client.run() }
    defer { group.cancelAll() }
    return try await body(client)
  }
}

/// One etcd for all tests that leave it as it was; each has keys of its own.
actor SharedEtcd {
  static let shared = SharedEtcd()
  private var starting: Task<EtcdProcess, any Error>?

  func process() async throws -> EtcdProcess {
    let task =
      self.starting
      ?? Task {
        let process = try EtcdProcess.single()
        try await process.start()
        return process
      }
    self.starting = task
    return try await task.value
  }
}

/// Runs `body` with a client of the etcd that tests share, and a prefix that is the test's own.
func withSharedEtcd(
  _ change: (inout EtcdConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (EtcdClient, String) async throws -> Void
) async throws {
  let process = try await SharedEtcd.shared.process()
  let prefix = "/test/\(UInt64.random(in: 0...UInt64.max))/"
  try await withClient([process.endpoint], change) { try await body($0, prefix) }
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
    try await Task.sleep(for: .milliseconds(5))
  }
}

/// The error that `body` throws; nil if it throws none.
func failure<Value>(
  _ body: () async throws(EtcdError) -> Value
) async -> EtcdError? {
  do throws(EtcdError) {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}

/// Values from several tasks, in the order in which they came.
final class Collected<Value: Sendable>: Sendable {
  private let state = Mutex<[Value]>([])

  var values: [Value] { self.state.withLock { $0 } }
  func append(_ value: Value) { self.state.withLock { $0.append(value) } }
}

extension WatchEvent {
  /// As tests compare them: `key=value`, or `key-` for a deletion.
  var text: String {
    let value = String(decoding: self.keyValue.value, as: UTF8.self)
    let name = self.keyValue.keyText.split(separator: "/").last ?? ""
    return self.kind == .delete ? "\(name)-" : "\(name)=\(value)"
  }
}
