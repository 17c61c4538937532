import CacheStore
import Testing

@testable import Snapshot

@Suite struct RoundTripTests {
  private static let configuration = StoreConfiguration(
    memoryBytes: 64 << 20, cores: 2,
    namespaces: [NamespaceConfiguration(name: "sessions"), NamespaceConfiguration(name: "b")])

  @Test func `values of all sizes, flags, versions and namespaces come back`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(Self.configuration)
    let sizes = [0, 1, 100, 16 << 10, (16 << 10) + 1, 300_000, 3 << 20]
    for (number, size) in sizes.enumerated() {
      for namespace in ["", "sessions", "b"] {
        store.set(
          "key\(number)", [UInt8](repeating: UInt8(number), count: size), in: namespace,
          flags: UInt32(number))
      }
    }
    let longKey = String(repeating: "k", count: StoreConfiguration.keyMaxBytes)
    store.set(longKey, [1, 2, 3])
    let summary = try save(store, directory)
    #expect(summary.entries == 3 * sizes.count + 1)
    #expect(summary.bytes == (try scratch.read().count))

    let (copy, report) = try restored(directory, into: Self.configuration)
    #expect(report?.restored == 3 * sizes.count + 1)
    #expect(report?.isDamaged == false)
    #expect(report?.writtenMilliseconds == at(0).wallMilliseconds)
    for number in sizes.indices {
      for namespace in ["", "sessions", "b"] {
        let expected = store.get("key\(number)", in: namespace)
        #expect(expected != nil)
        #expect(copy.get("key\(number)", in: namespace, now: afterRestart(0)) == expected)
      }
    }
    #expect(copy.get(longKey, now: afterRestart(0)) == store.get(longKey))
    #expect(try scratch.names == ["larder.snapshot"])
  }

  @Test func `the time between counts: what is left of a life is left, and no more`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(Self.configuration)
    store.set("short", [1], expiry: .after(milliseconds: 1_000))
    store.set("long", [2], expiry: .after(milliseconds: 10_000))
    store.set("endless", [3])
    try save(store, directory, now: at(500))

    let (copy, report) = try restored(
      directory, into: Self.configuration, now: afterRestart(1_000))
    #expect(report?.expired == 1)
    #expect(report?.restored == 2)
    #expect(copy.get("short", now: afterRestart(1_000)) == nil)
    #expect(
      copy.get("long", now: afterRestart(1_000))?.expiry == .after(milliseconds: 9_000))
    #expect(copy.get("endless", now: afterRestart(1_000))?.expiry == .never)
  }

  @Test func `a version given out after the restart is above all those before it`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(Self.configuration)
    store.set("key", [1], now: at(1_000_000))
    let before = try #require(store.get("key")).version
    try save(store, directory)

    // The wall clock of the machine has gone back meanwhile.
    let (copy, _) = try restored(directory, into: Self.configuration, now: afterRestart(10))
    guard case .stored(let after) = copy.set("key", [2], now: afterRestart(20)) else {
      Issue.record("not stored")
      return
    }
    #expect(after > before)
  }

  @Test func `entries of a namespace that is gone are left out and named`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(Self.configuration)
    store.set("key", [1], in: "sessions")
    store.set("key", [2], in: "b")
    try save(store, directory)

    let (copy, report) = try restored(
      directory,
      into: StoreConfiguration(namespaces: [NamespaceConfiguration(name: "b")]))
    #expect(report?.ofUnknownNamespaces == 1)
    #expect(report?.unknownNamespaces == ["sessions"])
    #expect(report?.isDamaged == false)
    #expect(copy.get("key", in: "b", now: afterRestart(0))?.value == [2])
  }

  @Test func `entries that the caller does not want are left out`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(Self.configuration)
    for number in 0..<100 { store.set("key\(number)", [1]) }
    try save(store, directory)
    let copy = try Store(Self.configuration)
    let report = try SnapshotRestorer(directory, into: copy).restore(
      now: { afterRestart(0) }, wants: { $0 >> 63 == 0 })
    let counted = try #require(report)
    #expect(counted.unwanted > 20 && counted.restored > 20)
    #expect(counted.unwanted + counted.restored == 100)
    #expect(copy.statistics().total.entries == counted.restored)
  }

  @Test(arguments: EvictionPolicy.allCases)
  func `a smaller memory keeps those entries that were most worth having`(
    policy: EvictionPolicy
  ) throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(StoreConfiguration(memoryBytes: 4 << 20, policy: policy, cores: 1))
    for number in 0..<6_000 { store.set("key\(number)", [UInt8](repeating: 1, count: 200)) }
    for _ in 0..<3 {
      for number in stride(from: 0, to: 6_000, by: 10) { _ = store.get("key\(number)") }
    }
    try save(store, directory)

    let (copy, report) = try restored(
      directory, into: StoreConfiguration(memoryBytes: 1 << 20, policy: policy, cores: 1))
    #expect(report?.restored == 6_000)
    let kept = stride(from: 0, to: 6_000, by: 10).count {
      copy.get("key\($0)", now: afterRestart(0)) != nil
    }
    #expect(copy.statistics().total.entries < 5_000)
    #expect(kept > 570, "\(kept) of 600")
  }

  @Test func `a snapshot written while the store is used has every entry that stayed`() async throws
  {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(Self.configuration)
    for number in 0..<20_000 { store.set("stays\(number)", [1, 2, 3]) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for number in 0..<40_000 {
          store.set("comes\(number % 5_000)", [UInt8](repeating: 7, count: number % 2_000))
          _ = store.get("stays\(number % 20_000)")
        }
      }
      group.addTask { try save(store, directory) }
      try await group.waitForAll()
    }
    let (copy, report) = try restored(directory, into: Self.configuration)
    #expect(report?.isDamaged == false)
    let missing = (0..<20_000).count { copy.get("stays\($0)", now: afterRestart(0)) == nil }
    #expect(missing == 0)
  }

  @Test func `definitions are handed out before the entries, as they were given`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(Self.configuration)
    store.set("key", [1], in: "b")
    _ = try SnapshotWriter(store, directory).write(definitions: Array("b".utf8), now: { at(0) })
    // The namespace is there because the definitions have made it.
    let copy = try Store(StoreConfiguration(memoryBytes: 64 << 20, cores: 2))
    var told: [String] = []
    let report = try SnapshotRestorer(directory, into: copy).restore(
      definitions: { bytes in
        told.append(bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        do {
          _ = try copy.createNamespace(NamespaceConfiguration(name: told[0]))
        } catch {
          Issue.record("\(error)")
        }
      }, now: { afterRestart(0) })
    #expect(told == ["b"])
    #expect(report?.restored == 1 && report?.isDamaged == false)
    #expect(copy.get("key", in: "b", now: afterRestart(0))?.value == [1])
  }

  @Test func `of an entry that comes twice the newer one wins`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    var encoder = SnapshotEncoder(identity: 1)
    var file: [UInt8] = []
    func keep(_ block: RawSpan) { block.withUnsafeBytes { file.append(contentsOf: $0) } }
    func append(_ value: [UInt8], version: UInt64) {
      let key: [UInt8] = [1]
      let none: [UInt8] = []
      encoder.append(
        SnapshotRecord(
          head: .init(
            version: Version(rawValue: version), flags: 0,
            endMilliseconds: SnapshotRecord.Head.never),
          namespace: none.span.bytes, key: key.span.bytes, value: value.span.bytes))
    }
    encoder.begin(wallMilliseconds: 0, newest: .none, keep)
    append([1], version: 10)
    encoder.entries(areValuable: true, keep)
    append([2], version: 11)
    append([3], version: 9)
    encoder.entries(areValuable: false, keep)
    encoder.end(newest: .none, keep)
    try scratch.write(file)
    let (copy, report) = try restored(directory)
    #expect(report?.isDamaged == false)
    #expect(copy.get("\u{1}", now: afterRestart(0))?.value == [2])
  }
}
