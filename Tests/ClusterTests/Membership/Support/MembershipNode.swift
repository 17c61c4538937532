import CacheStore
import Etcd
import EtcdTestSupport
import Logging
import NIOPosix
import Synchronization
import Testing

@testable import Cluster

/// One membership with an etcd client of its own, as a node has it.
final class MembershipNode: Sendable {
  let membership: Membership
  let clock = VersionClock()
  /// Every view since the start, in order, as far as the reader is fast enough.
  let views = Mutex<[ClusterView]>([])
  private let task: Mutex<Task<(any Error)?, Never>?>
  private let reader: Mutex<Task<Void, Never>?>

  /// Starts it.
  init(
    _ id: String, etcd ports: [Int], survey: TestSurvey = TestSurvey(), port: Int = 0,
    _ change: (inout MembershipConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = MembershipConfiguration(
      Member(id: id, host: "127.0.0.1", port: port == 0 ? TestSurvey.port(of: id) : port))
    // Where it is not to end, no pause of the machine or of etcd ends it.
    configuration.leaseTTL = .seconds(12)
    change(&configuration)
    var etcd = EtcdConfiguration(
      endpoints: ports.map { EtcdEndpoint(host: "127.0.0.1", port: $0) })
    etcd.attemptTimeout = .seconds(30)
    etcd.callTimeout = .seconds(30)
    etcd.progressInterval = .milliseconds(500)
    etcd.progressTimeout = .milliseconds(500)
    etcd.backoff.max = .milliseconds(500)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let client = try EtcdClient(
      etcd, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
    let membership = try Membership(
      configuration, etcd: client, clock: self.clock, survey: survey, logger: logger)
    self.membership = membership
    survey.add(membership, id)
    self.reader = Mutex(nil)
    self.task = Mutex(
      Task {
        await withTaskGroup(of: (any Error)?.self) { group in
          group.addTask {
            await client.run()
            return nil
          }
          group.addTask {
            do {
              try await membership.run()
              return nil
            } catch {
              return error
            }
          }
          let error = await group.next() ?? nil
          group.cancelAll()
          return error
        }
      })
    let reading = Task {
      for await view in membership.views() { self.views.withLock { $0.append(view) } }
    }
    self.reader.withLock { $0 = reading }
  }

  /// Ends it as SIGTERM does.
  ///
  /// - Returns: why it has ended by itself; nil: it has not.
  @discardableResult
  func stop() async -> (any Error)? {
    let task = self.task.withLock { $0 }
    task?.cancel()
    return await task?.value
  }

  /// Waits until it has ended by itself.
  func end() async -> (any Error)? { await self.task.withLock { $0 }?.value }

  var view: ClusterView? { self.membership.view }
  var ids: [String] { self.view?.members.map(\.id) ?? [] }
}

/// Asks the memberships of this process; none that was told to be deaf answers.
final class TestSurvey: PeerSurvey {
  private struct State {
    var memberships: [String: Membership] = [:]
    var deaf: Set<String> = []
    var answering: Set<String> = []
  }

  private let state = Mutex(State())

  /// Nobody listens there: tests need an address, and different ones.
  static func port(of id: String) -> Int { 1 + id.utf8.reduce(0) { ($0 &* 31 + Int($1)) % 60_000 } }

  func add(_ membership: Membership, _ id: String) {
    self.state.withLock { $0.memberships[id] = membership }
  }

  /// Those whom nobody reaches, and who reach nobody.
  func cutOff(_ ids: Set<String>) { self.state.withLock { $0.deaf = ids } }

  /// An address at which somebody answers.
  func letAnswer(_ address: String) { self.state.withLock { $0.answering = [address] } }

  func whoIs(at member: Member) async -> AddressAnswer {
    let (membership, answers) = self.state.withLock { state in
      (state.memberships[member.id], state.answering.contains(member.address))
    }
    if answers { return .other("somebody") }
    // Of processes of one id and address the latest has it.
    guard let own = membership?.member, own.address == member.address else {
      return .nobody("nobody listens")
    }
    return .node(id: own.id, incarnation: own.incarnation)
  }

  func report(of member: Member) async -> PeerReport? {
    let membership = self.state.withLock { state in
      state.deaf.contains(member.id) ? nil : state.memberships[member.id]
    }
    return membership?.report
  }
}

/// Runs `body` with an etcd of its own.
func withEtcd(_ body: (EtcdProcess) async throws -> Void) async throws {
  let process = try EtcdProcess.single()
  try await process.start()
  try await body(process)
}

/// Runs `body` with nodes of these ids that all know each other, and stops them.
func withMemberships(
  _ ids: [String], _ process: EtcdProcess, survey: TestSurvey = TestSurvey(),
  _ change: (inout MembershipConfiguration) -> Void = { _ in },
  _ body: ([MembershipNode]) async throws -> Void
) async throws {
  let nodes = try ids.map {
    try MembershipNode($0, etcd: [Int(process.clientPort)], survey: survey, change)
  }
  do {
    try await eventually("all know all") {
      nodes.allSatisfy { $0.ids == ids && $0.view?.standing == .leased }
    }
    try await body(nodes)
  } catch {
    for node in nodes { await node.stop() }
    throw error
  }
  for node in nodes { await node.stop() }
}

/// Runs `body` with a client beside the nodes.
func withClient(
  _ process: EtcdProcess, _ body: (EtcdClient) async throws -> Void
) async throws {
  var configuration = EtcdConfiguration(
    endpoints: [EtcdEndpoint(host: "127.0.0.1", port: Int(process.clientPort))])
  // A Put that is given up may not be made again.
  configuration.attemptTimeout = .seconds(60)
  configuration.callTimeout = .seconds(60)
  let client = try EtcdClient(
    configuration,
    group: MultiThreadedEventLoopGroup.singleton,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  do {
    try await body(client)
  } catch {
    await client.shutdown()
    throw error
  }
  await client.shutdown()
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
