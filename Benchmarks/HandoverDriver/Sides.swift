import CacheStore
import Cluster
import GRPC
import Glibc
import HashRing
import LarderAPI
import Logging
import NIOCore
import NIOPosix

private let silent = Logger(label: "handover-driver") { _ in SwiftLogNoOpLogHandler() }
private let heir = MemberProcess(id: "heir", incarnation: 1)

/// The node that has lost all hashes.
enum Loser {
  static let valueBytes = 100

  static func run(entries: Int) async throws {
    let store = try makeStore()
    fill(store, entries)
    let source = Source()
    let register = MigrationRegister(bytesPerSecond: 0)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = Server(
      [
        .streaming(
          paths: [PeerMethod.migratePath],
          MigrationService(store: store, source: source, register: register, time: { time() }))
      ], configuration: .init(), group: group, logger: silent)
    let address = try await server.listen(host: "127.0.0.1", port: 0)
    print("port \(address.port ?? 0)")
    fflush(nil)
    while register.snapshot().counts.sent.items == 0 { try await Task.sleep(for: .milliseconds(1)) }
    let usage = Usage()
    while !register.snapshot().migrations.isEmpty {
      try await Task.sleep(for: .milliseconds(1))
    }
    let sent = register.snapshot().counts.sent
    usage.print("serve", items: sent.items, bytes: sent.bytes)
  }

  private static func fill(_ store: Store, _ entries: Int) {
    let value = [UInt8](repeating: 7, count: self.valueBytes)
    for number in 0..<entries {
      let key = Array("key-\(number)".utf8)
      _ = store.write(
        StoreKey(bytes: key.span.bytes, hash: XXH64.hash(key.span.bytes)),
        value: value.span.bytes, expiry: .never, now: time())
    }
  }
}

/// The node that owns them now.
enum Heir {
  static func run(port: Int) async throws {
    let store = try makeStore()
    let register = MigrationRegister(bytesPerSecond: 0)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let channels = HandoverChannels(
      group: group, configuration: ForwardingConfiguration(), register: register)
    let usage = Usage()
    try await channels.migrate(
      .all, heir: heir, from: Member(id: "loser", host: "127.0.0.1", port: port), after: 0
    ) { batch in
      for piece in batch.pieces { try batch.apply(piece, to: store, now: time()) }
    }
    let received = register.snapshot().counts.received
    usage.print("take", items: received.items, bytes: received.bytes)
    await channels.shutdown()
  }
}

/// What the process has used since this was made.
private struct Usage {
  private let start = ContinuousClock.now
  private let cpuSeconds = Self.cpu()

  func print(_ side: String, items: Int, bytes: Int) {
    let seconds = self.start.duration(to: .now) / .seconds(1)
    let cpu = Self.cpu() - self.cpuSeconds
    let text = """
      {"side": "\(side)", "entries": \(items), "seconds": \(seconds), "cpu_seconds": \(cpu), \
      "entries_per_second": \(Int(Double(items) / seconds)), \
      "entries_per_core_second": \(Int(Double(items) / cpu)), \
      "megabytes_per_core_second": \(Int(Double(bytes) / cpu / 1e6))}
      """
    Swift.print(text)
  }

  private static func cpu() -> Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }
}

/// Everything is sealed for the heir.
private final class Source: HandoverSource {
  func seal(_ order: SealOrder) async throws(HandoverRefusal) -> SealAnswer {
    SealAnswer(clock: .none, holdings: [])
  }

  func heard(from heir: MemberProcess) {}

  func isSealed(_ hash: UInt64, for heir: MemberProcess) -> Bool { true }

  func sealed(_ arcs: ArcSet, for heir: MemberProcess) -> ArcSet { arcs }

  func handedOver(_ arcs: ArcSet, to heir: MemberProcess, by epoch: Epoch) {}
}

private func makeStore() throws -> Store {
  try Store(
    StoreConfiguration(
      memoryBytes: 1 << 30, inlineValueMaxBytes: 16 << 10, valueMaxBytes: 3 << 20,
      tombstonesMax: 100_000, policy: .s3FIFO, cores: 2, namespaces: []))
}

private func time() -> StoreTime {
  var wall = timespec()
  clock_gettime(CLOCK_REALTIME, &wall)
  return StoreTime(
    monotonicMilliseconds: NIODeadline.now().uptimeNanoseconds / 1_000_000,
    wallMilliseconds: UInt64(wall.tv_sec) * 1_000 + UInt64(wall.tv_nsec) / 1_000_000)
}
