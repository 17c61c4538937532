import CacheStore

/// Values from 1 B to 1 MiB, in phases that favour small ones, large ones, or all: what memory managers
/// do not like. Resident memory stays under the store's promise and a twentieth, and the process' own.
enum Soak {
  private static let memoryBytes = 128 << 20
  private static let keyCount = 1_000_000
  private static let phaseSeconds = 30

  static func run(seconds: Int) -> Bool {
    let keys = Keys(count: Self.keyCount)
    let store = Store.made(StoreConfiguration(memoryBytes: Self.memoryBytes, cores: 2))
    // Of the keys and of the runtime.
    let before = residentBytes()
    let bound = before + Self.memoryBytes + Self.memoryBytes / 20
    let began = monotonicNanoseconds()
    let end = began + UInt64(seconds) * 1_000_000_000
    var peak = 0
    var isGood = true
    while monotonicNanoseconds() < end {
      let phase = Int((monotonicNanoseconds() - began) / 1_000_000_000) / Self.phaseSeconds
      Threads.run(2) { thread in
        Self.work(
          on: store, keys, phase: phase, seed: began ^ UInt64(phase * 2 + thread), until: end)
      }
      store.expire(now: now())
      let (resident, statistics) = (residentBytes(), store.statistics())
      peak = max(peak, resident)
      let isFine = resident <= bound && statistics.memoryUsedBytes <= statistics.memoryLimitBytes
      isGood = isGood && isFine
      let megabytes = { (bytes: Int) in "\(bytes >> 20) MiB" }
      print(
        "\((monotonicNanoseconds() - began) / 1_000_000_000) s, phase \(phase % 3):"
          + " \(statistics.total.entries) entries, \(megabytes(statistics.memoryUsedBytes)) used,"
          + " \(megabytes(resident - before)) resident of \(megabytes(bound - before))"
          + (isFine ? "" : " TOO MUCH"))
    }
    print(
      "peak: \((peak - before) >> 20) MiB of \(Self.memoryBytes >> 20) MiB promised, bound"
        + " \((bound - before) >> 20) MiB: \(isGood ? "good" : "TOO MUCH")")
    return isGood
  }

  private static func work(
    on store: Store, _ keys: Keys, phase: Int, seed: UInt64, until end: UInt64
  ) {
    var random = SplitMix64(state: seed)
    let value = [UInt8](repeating: 7, count: 1 << 20)
    let phaseEnd = min(end, monotonicNanoseconds() + 5_000_000_000)
    while monotonicNanoseconds() < phaseEnd {
      for _ in 0..<64 {
        let number = Int.random(in: 0..<keys.count, using: &random)
        // Powers of two, so that all sizes have a part; a phase favours one end.
        let bits =
          switch phase % 3 {
          case 0: Int.random(in: 0...10, using: &random)
          case 1: Int.random(in: 10...20, using: &random)
          default: Int.random(in: 0...20, using: &random)
          }
        let size = Int.random(in: 1...1 << bits, using: &random)
        let life: Expiry =
          Int.random(in: 0..<4, using: &random) == 0 ? .after(milliseconds: 3_000) : .never
        keys.with(number) { key in
          _ = store.write(
            key, value: value.span.bytes.extracting(first: size), expiry: life, now: now())
        }
      }
    }
  }
}
