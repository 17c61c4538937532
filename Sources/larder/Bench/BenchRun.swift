import Foundation
import GRPC
import LarderAPI
import NIOCore
import NIOPosix

/// What a run measured.
struct BenchResult: Sendable {
  let plan: BenchPlan
  let counts: LoadCounts
  /// Of the load that counted.
  let seconds: Double
  /// Open loop: calls that should have been made when the load ended and were not.
  let backlog: Int
  /// Calls under way at the end that were not answered within the patience for them.
  let unanswered: Int
  /// True if Ctrl-C ended the load early.
  let isInterrupted: Bool
  /// Before and after the load that counted; nil where the node has no larder.v1.Admin.
  let before: GetStatusResponse?
  let after: GetStatusResponse?
}

/// One run of the load generator: connect, preload, warm up, measure.
struct BenchRun {
  /// How long calls under way are waited for when the load has ended.
  static let patienceSeconds: Int64 = 5

  private(set) var plan: BenchPlan
  /// Nil: plaintext.
  let tls: ClientTLS?
  let progress: BenchProgress
  private let interruption = Interruption()

  init(plan: BenchPlan, tls: ClientTLS?, progress: BenchProgress) {
    self.plan = plan
    self.tls = tls
    self.progress = progress
  }

  mutating func measure() async throws -> BenchResult {
    let node = NodeClient(
      address: self.plan.target, timeout: .seconds(5), token: self.plan.token, tls: self.tls,
      group: MultiThreadedEventLoopGroup.singleton)
    if let owner = self.plan.owner {
      self.plan.ownedKeys = try OwnedKeys.find(self.plan, owner, try await node.status())
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: self.plan.threads)
    let workers = try await LoadWorkers(plan: self.plan, tls: self.tls, group: group)
    // Connected before the admin call, so that a node that is away is named by what was asked for.
    try await workers.connect()
    if self.plan.isPreloaded { try await self.preload(workers) }

    try await workers.begin()
    try await self.warmUp(workers)
    let before = try await self.status(of: node)
    _ = try await workers.take()
    let began = ContinuousClock.now
    var (counts, backlog) = (LoadCounts(kinds: self.plan.mix.kinds), 0)
    let end = began + .milliseconds(self.plan.durationMilliseconds)
    var tick = began
    while tick < end && !self.interruption.isRequested {
      let last = tick
      try await self.interruption.sleep(until: min(tick + .seconds(1), end))
      tick = .now
      let taken = try await workers.take()
      backlog = taken.backlog
      try self.progress.load(
        taken.counts, seconds: Self.seconds(tick - last), elapsed: Self.seconds(tick - began),
        backlog: backlog)
      counts.add(taken.counts)
    }
    let seconds = Self.seconds(tick - began)
    let after = try await self.status(of: node)
    let unanswered = try await workers.stop(patience: .seconds(Self.patienceSeconds))
    await node.shutdown()
    try await group.shutdownGracefully()
    try self.progress.end()
    return BenchResult(
      plan: self.plan, counts: counts, seconds: seconds, backlog: backlog, unanswered: unanswered,
      isInterrupted: self.interruption.isRequested, before: before, after: after)
  }

  private func preload(_ workers: LoadWorkers) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await workers.preload() }
      tasks.addTask {
        while true {
          try await Task.sleep(for: .seconds(1))
          let keys = try await workers.preloaded()
          try self.progress.preload(keys: keys, of: self.plan.keys)
        }
      }
      tasks.addTask {
        try await self.interruption.wait()
        _ = try await workers.stop(patience: .zero)
      }
      // The first to end is the preloading, or what failed.
      try await tasks.next()
      tasks.cancelAll()
    }
    guard !self.interruption.isRequested else {
      throw CommandFailure("interrupted before the load began", exit: ExitStatus.notMet)
    }
    try self.progress.preload(keys: self.plan.keys, of: self.plan.keys)
  }

  private func warmUp(_ workers: LoadWorkers) async throws {
    guard self.plan.warmupMilliseconds > 0 else { return }
    try self.progress.note("warming up")
    try await self.interruption.sleep(until: .now + .milliseconds(self.plan.warmupMilliseconds))
  }

  /// Nil where the node has no such call: any gRPC server with larder.v1.Cache can be measured.
  private func status(of node: NodeClient) async throws -> GetStatusResponse? {
    do throws(CommandFailure) {
      return try await node.status()
    } catch {
      // A node that is away shows in the load's own errors.
      try self.progress.note("the node tells no status: \(error.message)")
      return nil
    }
  }

  private static func seconds(_ duration: Duration) -> Double {
    duration / .seconds(1)
  }
}
