internal import CacheStore
internal import Cluster
internal import Glibc
internal import GRPC
internal import LarderAPI
internal import Logging
internal import NIOCore
internal import Synchronization
internal import Wire

/// larder.v1.Admin: what an operator asks a node.
final class AdminService: UnaryService {
  let store: Store
  let clock: NodeClock
  let namespaces: NamespaceRegistry
  let logger: Logger
  private let started = NIODeadline.now()
  private let loops: Int
  private let snapshots: SnapshotKeeper?
  /// Known once the node listens.
  private let identity = Mutex<(nodeID: String, connections: @Sendable () -> Int)?>(nil)
  /// Set once, before the first call; nil: the node stands alone.
  let cluster = Mutex<NodeCluster?>(nil)

  /// - Parameter snapshots: nil: the node keeps none.
  init(
    store: Store, clock: NodeClock, namespaces: NamespaceRegistry, snapshots: SnapshotKeeper?,
    loops: Int, logger: Logger
  ) {
    self.store = store
    self.clock = clock
    self.namespaces = namespaces
    self.snapshots = snapshots
    self.logger = logger
    self.loops = loops
  }

  func listening(nodeID: String, connections: @escaping @Sendable () -> Int) {
    self.identity.withLock { $0 = (nodeID, connections) }
  }

  func joined(_ cluster: NodeCluster?) { self.cluster.withLock { $0 = cluster } }

  func serve(_ call: borrowing UnaryCall) {
    do throws(WireError) {
      switch AdminMethod(rawValue: call.method) {
      case .getStatus: try self.getStatus(call)
      case .snapshot: try self.snapshot(call)
      case .createNamespace: try self.createNamespace(call)
      case .alterNamespace: try self.alterNamespace(call)
      case .describeNamespaces: try self.describeNamespaces(call)
      case .flushNamespace: try self.flushNamespace(call)
      case .getMigrations: try self.getMigrations(call)
      case .steerMigrations: try self.steerMigrations(call)
      case .drain: try self.drain(call)
      case .plan: try self.plan(call)
      case .setWeight: try self.setWeight(call)
      case nil: preconditionFailure("a method that was not registered")
      }
    } catch {
      call.fail(CacheError(error).status)
    }
  }

  private func getStatus(_ call: borrowing UnaryCall) throws(WireError) {
    _ = try GetStatusRequest(decoding: call.message)
    let status = self.status(now: call.now)
    guard let cluster = self.cluster.withLock({ $0 }) else { return call.reply(status) }
    // Every event loop has its own connections to the other nodes.
    call.answer { () async throws(Status) -> [UInt8] in
      var whole = status
      whole.cluster = ClusterStatus(
        await cluster.forwarding.snapshot(), cluster.member?.membership?.snapshot)
      whole.cluster?.drain = cluster.member?.drainProgress.map { DrainStatus($0) }
      return whole.serialized()
    }
  }

  private func snapshot(_ call: borrowing UnaryCall) throws(WireError) {
    _ = try SnapshotRequest(decoding: call.message)
    guard let snapshots = self.snapshots else { return call.fail(SnapshotKeeper.offStatus) }
    call.answer { () async throws(Status) -> [UInt8] in
      do throws(SnapshotKeeper.Failure) {
        return SnapshotResponse(try await snapshots.write(.request)).serialized()
      } catch {
        throw error.status
      }
    }
  }

  private func status(now: NIODeadline) -> GetStatusResponse {
    let statistics = self.store.statistics()
    let identity = self.identity.withLock { $0 }
    var status = GetStatusResponse()
    status.nodeID = identity?.nodeID ?? ""
    status.version = LarderVersion.current
    status.uptimeMilliseconds = UInt64(max(0, (now - self.started).nanoseconds / 1_000_000))
    status.processID = UInt32(getpid())
    status.eventLoops = UInt32(self.loops)
    let usage = ProcessUsage.current()
    status.cpuTimeMicroseconds = UInt64(usage.cpuNanoseconds / 1000)
    status.residentBytes = usage.residentBytes
    status.memoryLimitBytes = UInt64(statistics.memoryLimitBytes)
    status.memoryUsedBytes = UInt64(statistics.memoryUsedBytes)
    status.connections = UInt64(identity?.connections() ?? 0)
    status.namespaces = zip(self.store.namespaces.configurations, statistics.namespaces).map {
      NamespaceStatus(name: $0.name, $1)
    }
    return status
  }
}

extension NamespaceStatus {
  init(name: String, _ statistics: NamespaceStatistics) {
    self.init()
    self.name = name
    self.entries = UInt64(statistics.entries)
    self.bytes = UInt64(statistics.bytes)
    self.hits = UInt64(statistics.hits)
    self.misses = UInt64(statistics.misses)
    self.writes = UInt64(statistics.writes)
    self.deletes = UInt64(statistics.deletes)
    self.evictions = UInt64(statistics.evictions)
    self.expirations = UInt64(statistics.expirations)
  }
}
