import GRPC
import NIOCore
import NIOPosix

/// All workers of a run, from outside their event loops.
struct LoadWorkers: Sendable {
  private let plan: BenchPlan
  private let workers: [NIOLoopBound<LoadWorker>]
  private let loops: [any EventLoop]

  /// One worker for each of the plan's threads, which share its connections evenly.
  ///
  /// - Parameter tls: nil: plaintext.
  init(plan: BenchPlan, tls: ClientTLS?, group: MultiThreadedEventLoopGroup) async throws {
    self.plan = plan
    self.loops = Array(group.makeIterator())
    var workers: [NIOLoopBound<LoadWorker>] = []
    for (index, loop) in self.loops.enumerated() {
      let connections =
        plan.connections / self.loops.count
        + (index < plan.connections % self.loops.count ? 1 : 0)
      let worker = try await loop.submit {
        NIOLoopBound(
          LoadWorker(plan: plan, worker: index, connections: connections, tls: tls, on: loop),
          eventLoop: loop)
      }.get()
      workers.append(worker)
    }
    self.workers = workers
  }

  /// Opens all connections.
  func connect() async throws(CommandFailure) {
    for (worker, loop) in zip(self.workers, self.loops) {
      do {
        try await loop.flatSubmit { worker.value.connect() }.get()
      } catch let status as Status {
        throw CommandFailure(status)
      } catch {
        throw CommandFailure("\(error)", exit: ExitStatus.unavailable)
      }
    }
  }

  /// Stores all keys; each worker has its part of them.
  ///
  /// - Throws: what the first item that failed was answered.
  func preload() async throws {
    // Small enough for any node that is not configured down, and worth a call.
    let itemBytes = self.plan.keySizeBytes + self.plan.valueSizesBytes.upperBound
    let batch = min(max(1, (256 << 10) / itemBytes), 500)
    try await withThrowingTaskGroup(of: String?.self) { tasks in
      for (index, loop) in self.loops.enumerated() {
        let worker = self.workers[index]
        let keys = self.share(index)..<self.share(index + 1)
        tasks.addTask {
          try await loop.flatSubmit { worker.value.preload(keys, batch: batch) }.get()
        }
      }
      for try await failure in tasks {
        guard let failure else { continue }
        // The other workers' part is of no use any more.
        _ = try await self.stop(patience: .zero)
        throw CommandFailure("the keys cannot be stored: \(failure)", exit: ExitStatus.refused)
      }
    }
  }

  /// Keys whose preloading has begun.
  func preloaded() async throws -> Int {
    var sum = 0
    for (index, loop) in self.loops.enumerated() {
      let worker = self.workers[index]
      let next = try await loop.submit { worker.value.preloaded }.get()
      sum += max(0, next - self.share(index))
    }
    return sum
  }

  /// Starts the load.
  func begin() async throws {
    for (index, loop) in self.loops.enumerated() {
      let worker = self.workers[index]
      let count = Double(self.loops.count)
      let schedule = self.plan.rate.map {
        SendSchedule(rate: $0 / count, phase: Double(index) / count)
      }
      try await loop.submit { worker.value.begin(schedule: schedule) }.get()
    }
  }

  /// What was counted since the last time, and the calls that should have been made and were not.
  func take() async throws -> (counts: LoadCounts, backlog: Int) {
    var (counts, backlog) = (LoadCounts(kinds: self.plan.mix.kinds), 0)
    for (worker, loop) in zip(self.workers, self.loops) {
      let taken = try await loop.submit { worker.value.take() }.get()
      counts.add(taken.counts)
      backlog += taken.backlog
    }
    return (counts, backlog)
  }

  /// Makes no more calls, gives those under way some time, and closes the connections.
  ///
  /// - Returns: how many calls were not answered in that time.
  func stop(patience: TimeAmount) async throws -> Int {
    let stopping = self.loops.indices.map { index in
      let worker = self.workers[index]
      return self.loops[index].flatSubmit { worker.value.stop() }
    }
    let patience = self.loops[0].scheduleTask(in: patience) {}
    let answered = EventLoopFuture.andAllSucceed(stopping, on: self.loops[0])
    let ended = self.loops[0].makePromise(of: Void.self)
    answered.cascade(to: ended)
    patience.futureResult.cascadeSuccess(to: ended)
    try await ended.futureResult.get()
    patience.cancel()
    var unanswered = 0
    for (worker, loop) in zip(self.workers, self.loops) {
      unanswered += try await loop.submit { worker.value.close() }.get()
    }
    return unanswered
  }

  private func share(_ index: Int) -> Int {
    // Below 2^32 keys times 256 workers.
    self.plan.keys * index / self.loops.count
  }
}
