internal import CacheStore
internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Snapshot
internal import Synchronization

/// Keeps the node's entries while it is not running: restores them at start, and writes them on a
/// schedule, on request and when the node stops.
///
/// Files are read and written by one thread of its own, which gives way to the event loops; so there
/// is never more than one snapshot being written.
final class SnapshotKeeper: Sendable {
  /// Why a snapshot is written.
  enum Occasion: String {
    case schedule, request, stop
  }

  /// What became of a snapshot.
  struct Written: Equatable, Sendable {
    var path: String
    var entries: Int
    var bytes: Int
    var milliseconds: Int64
  }

  /// Why there is none.
  enum Failure: Error {
    /// Another one is being written.
    case busy
    case failed(SnapshotError)
    /// The node stops, and writes its last.
    case stopping
  }

  private struct State {
    /// False until a restore has ended: what was not read yet must not be written over.
    var isRestored = false
    var isWriting = false
    var metrics = SnapshotMetrics()
  }

  let store: Store
  let namespaces: NamespaceRegistry
  private let clock: NodeClock
  private let directory: SnapshotDirectory
  private let interval: Duration?
  let logger: Logger
  private let thread = NIOThreadPool(numberOfThreads: 1)
  private let state = Mutex(State())
  /// Whatever is under way ends soon, and nothing but the last snapshot begins.
  private let isStopping = Atomic(false)

  /// How often a long restore is told of.
  private static let progressInterval = TimeAmount.seconds(5)
  /// Of the thread, added to the process' own (see setpriority(2)).
  private static let niceness: Int32 = 10

  /// Takes the directory.
  ///
  /// - Returns: nil where the node keeps no snapshots.
  init?(
    _ configuration: NodeConfiguration, store: Store, namespaces: NamespaceRegistry,
    clock: NodeClock, logger: Logger
  ) throws {
    guard let path = configuration.snapshotDirectory else { return nil }
    self.directory = try SnapshotDirectory(path: path)
    self.store = store
    self.namespaces = namespaces
    self.clock = clock
    self.logger = logger
    let milliseconds = configuration.limits.snapshotIntervalMilliseconds
    self.interval = milliseconds == 0 ? nil : .milliseconds(milliseconds)
    self.thread.start()
  }

  var metrics: SnapshotMetrics { self.state.withLock { $0.metrics } }

  // MARK: Restoring

  /// Puts back what the snapshot holds.
  ///
  /// - Parameter wants: Whether an entry of that hash is this node's.
  /// - Returns: false where the node was told to stop meanwhile. The snapshot stays as it is then.
  func restore(wants: @escaping @Sendable (UInt64) -> Bool) async throws -> Bool {
    let started = NIODeadline.now()
    let report: RestoreReport?
    do {
      report = try await self.onThread {
        try self.restoreHere(started: started, wants: wants)
      }
    } catch {
      guard self.isStopping.load(ordering: .relaxed) else { throw error }
      self.logger.info("told to stop while restoring; the snapshot stays as it was")
      return false
    }
    self.state.withLock { $0.isRestored = true }
    if let report {
      self.log(report, duration: .now() - started)
    } else {
      self.logger.info("no snapshot to restore", metadata: ["path": "\(self.directory.path)"])
    }
    return true
  }

  /// Blocks the thread.
  private func restoreHere(
    started: NIODeadline, wants: (UInt64) -> Bool
  ) throws(SnapshotError) -> RestoreReport? {
    var nextWord = started + Self.progressInterval
    return try SnapshotRestorer(self.directory, into: self.store).restore(
      definitions: { self.makeNamespaces($0) },
      now: { self.clock.time(.now()) }, wants: wants,
      progress: { done, total in
        let now = NIODeadline.now()
        guard now >= nextWord else { return }
        nextWord = now + Self.progressInterval
        self.logger.info(
          "restoring the snapshot",
          metadata: [
            "done": "\(done * 100 / max(1, total)) %", "bytes": "\(done)", "of-bytes": "\(total)",
          ])
      },
      isCancelled: { self.isStopping.load(ordering: .relaxed) })
  }

  // MARK: Writing

  /// Writes one now.
  func write(_ occasion: Occasion) async throws(Failure) -> Written {
    let isStop = occasion == .stop
    if !isStop, self.isStopping.load(ordering: .relaxed) { throw .stopping }
    let isFree = self.state.withLock { state in
      // The last one waits for the thread.
      if state.isWriting, !isStop { return false }
      state.isWriting = true
      return true
    }
    guard isFree else { throw .busy }
    let started = NIODeadline.now()
    let result: Result<SnapshotSummary, SnapshotError>
    do {
      result = .success(
        try await self.onThread {
          try SnapshotWriter(self.store, self.directory).write(
            definitions: self.namespaceDefinitions,
            now: { self.clock.time(.now()) },
            isCancelled: { !isStop && self.isStopping.load(ordering: .relaxed) })
        })
    } catch let error as SnapshotError {
      result = .failure(error)
    } catch {
      // The thread has ended, which `shutdown` does after the last snapshot.
      throw .stopping
    }
    let duration = NIODeadline.now() - started
    self.state.withLock { state in
      state.isWriting = false
      state.metrics.add(result, duration: duration, endNanoseconds: NodeClock.wallNanoseconds())
    }
    switch result {
    case .failure(let error):
      if !isStop, self.isStopping.load(ordering: .relaxed) { throw .stopping }
      throw .failed(error)
    case .success(let summary):
      let written = Written(
        path: self.directory.path, entries: summary.entries, bytes: summary.bytes,
        milliseconds: duration.nanoseconds / 1_000_000)
      self.logger.info(
        "snapshot written",
        metadata: [
          "occasion": "\(occasion.rawValue)", "path": "\(written.path)",
          "entries": "\(written.entries)", "bytes": "\(written.bytes)",
          "duration-ms": "\(written.milliseconds)",
        ])
      return written
    }
  }

  /// Writes one at each interval, until the task is cancelled.
  func run() async {
    guard let interval = self.interval else { return }
    while true {
      do {
        try await Task.sleep(for: interval)
      } catch {
        // Cancelled, which is how this ends.
        return
      }
      await self.writeAndLog(.schedule)
    }
  }

  /// Whatever is under way ends soon.
  func stop() { self.isStopping.store(true, ordering: .relaxed) }

  /// Writes the last one, when nobody changes the store any more.
  func shutdown() async throws {
    self.stop()
    if self.state.withLock({ $0.isRestored }) { await self.writeAndLog(.stop) }
    try await self.thread.shutdownGracefully()
  }

  private func writeAndLog(_ occasion: Occasion) async {
    do {
      _ = try await self.write(occasion)
    } catch {
      switch error {
      case .busy: self.logger.info("no snapshot on schedule: one is being written already")
      case .stopping: break
      case .failed(let error):
        self.logger.error(
          "no snapshot: the previous one stays as it was",
          metadata: ["occasion": "\(occasion.rawValue)", "reason": "\(error)"])
      }
    }
  }

  private func onThread<Result: Sendable>(
    _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await self.thread.runIfActive {
      // For this thread alone; where it is refused, the work is done all the same.
      _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, Self.niceness)
      return try work()
    }
  }
}
