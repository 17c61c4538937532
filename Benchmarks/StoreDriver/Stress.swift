import CacheStore
import Synchronization

/// Everything at once, on a memory that is always full. A value says which key it belongs to in each of
/// its bytes, so that a torn or misplaced one shows.
enum Stress {
  private static let threads = 4
  private static let keyCount = 3_000
  fileprivate static let everything = ArcLookup(.all)

  static func run(seconds: Int) -> Bool {
    let store = Store.made(
      StoreConfiguration(
        memoryBytes: 4 << 20, valueMaxBytes: 64 << 10, tombstonesMax: 500, cores: 2,
        namespaces: [
          NamespaceConfiguration(name: "own", policy: .lru),
          NamespaceConfiguration(name: "kept", guaranteedPercent: 20),
        ]))
    let keys = Keys(count: Self.keyCount)
    let end = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
    let operations = Atomic(0)
    let faults = Atomic(0)
    Threads.run(Self.threads) { thread in
      var worker = Worker(store: store, keys: keys, seed: UInt64(thread))
      var steps = 0
      while steps % 256 != 0 || monotonicNanoseconds() < end {
        worker.step()
        steps += 1
      }
      operations.add(steps, ordering: .relaxed)
      faults.add(worker.faults, ordering: .relaxed)
    }
    let statistics = store.statistics()
    let overrun = statistics.memoryUsedBytes > statistics.memoryLimitBytes
    print(
      "\(operations.load(ordering: .relaxed)) operations on \(Self.threads) threads,"
        + " \(statistics.total.evictions) evictions, \(faults.load(ordering: .relaxed)) faults,"
        + " \(statistics.memoryUsedBytes) of \(statistics.memoryLimitBytes) bytes used,"
        + " \(statistics.pinnedBytes) pinned")
    return faults.load(ordering: .relaxed) == 0 && !overrun && statistics.pinnedBytes == 0
  }

  private struct Worker {
    let store: Store
    let keys: Keys
    var random: SplitMix64
    var held: [(value: Extent, number: Int)] = []
    var cursor: ScanCursor?
    var faults = 0

    init(store: Store, keys: Keys, seed: UInt64) {
      self.store = store
      self.keys = keys
      self.random = SplitMix64(state: seed)
    }

    mutating func step() {
      let number = Int.random(in: 0..<self.keys.count, using: &self.random)
      let namespace = NamespaceID(rawValue: UInt16.random(in: 0..<3, using: &self.random))
      let time = now()
      switch Int.random(in: 0..<1_000, using: &self.random) {
      case 0..<400: self.read(number, namespace, time)
      case 400..<700: self.write(number, namespace, time)
      case 700..<780:
        self.keys.with(number, namespace) { _ = self.store.delete($0, now: time) }
      case 780..<860: self.readGroup(namespace, time)
      case 860..<900:
        self.keys.with(number, namespace) {
          _ = self.store.touch($0, expiry: .after(milliseconds: 50), now: time)
        }
      case 900..<940:
        self.cursor = self.store.scan(
          Stress.everything, from: self.cursor ?? self.store.beginScan(), now: time
        ) { _ in }
      case 940..<960: self.store.expire(now: time)
      case 960..<975: _ = self.store.sweep(bucketsMax: 50, now: time)
      case 975..<985:
        let arcs = ArcSet([HashArc(after: self.random.next(), through: self.random.next())])
        self.store.track(arcs)
        self.keys.with(number, namespace) { _ = self.store.delete($0, now: time) }
        self.store.untrack(arcs)
      case 985..<990: _ = self.store.statistics()
      case 990..<994:
        // Seldom, for the memory is to be full.
        if Int.random(in: 0..<200, using: &self.random) == 0 {
          self.store.flush(namespace, now: time)
        }
        _ = self.store.reclaimFlushed(now: time)
      case 994..<998: self.alter()
      default: self.held.removeAll()
      }
    }

    private mutating func read(_ number: Int, _ namespace: NamespaceID, _ time: StoreTime) {
      let wanted = UInt8(truncatingIfNeeded: number)
      var isRight = true
      let extent = self.keys.with(number, namespace) { key in
        self.store.read(key, now: time) { entry -> Extent? in
          isRight = entry.value.withUnsafeBytes { $0.allSatisfy { $0 == wanted } }
          return entry.extent
        }
      }
      if !isRight { self.faults += 1 }
      if let extent = extent ?? nil { self.held.append((extent, number)) }
      if self.held.count > 3 {
        let (value, number) = self.held.removeFirst()
        let wanted = UInt8(truncatingIfNeeded: number)
        if !value.bytes.withUnsafeBytes({ $0.allSatisfy { $0 == wanted } }) { self.faults += 1 }
      }
    }

    private mutating func write(_ number: Int, _ namespace: NamespaceID, _ time: StoreTime) {
      let size = [0, 10, 100, 1_000, 20_000].randomElement(using: &self.random) ?? 0
      let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
      let isShort = Int.random(in: 0..<8, using: &self.random) == 0
      let expiry: Expiry = isShort ? .after(milliseconds: 20) : .never
      self.keys.with(number, namespace) {
        _ = self.store.write($0, value: value.span.bytes, expiry: expiry, now: time)
      }
    }

    private mutating func readGroup(_ namespace: NamespaceID, _ time: StoreTime) {
      var group = KeyGroup()
      var numbers: [Int] = []
      for _ in 0..<20 {
        let number = Int.random(in: 0..<self.keys.count, using: &self.random)
        numbers.append(number)
        group.append(self.keys.place(number), hash: self.keys.hash(number))
      }
      var wrong = 0
      let message = self.keys.message
      self.store.read(group, in: message.span.bytes, namespace, now: time) { index, entry in
        let wanted = UInt8(truncatingIfNeeded: numbers[index])
        if !entry.value.withUnsafeBytes({ $0.allSatisfy { $0 == wanted } }) { wrong += 1 }
      }
      self.faults += wrong
    }

    private mutating func alter() {
      let policy = EvictionPolicy.allCases.randomElement(using: &self.random)
      do {
        guard
          try self.store.alterNamespace(NamespaceConfiguration(name: "own", policy: policy))
        else {
          self.faults += 1
          return
        }
      } catch {
        print(error)
        self.faults += 1
      }
    }
  }
}
