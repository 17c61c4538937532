import CacheStore
import Glibc
import Synchronization

/// How much a second thread adds: nine reads to one write, keys by Zipf's law. Beside it what the
/// machine can give at all, which is two threads with a store each.
enum Scale {
  private static let keyCount = 1_000_000
  private static let draws = 1 << 20
  private static let rounds = 3

  static func run(seconds: Int) {
    let keys = Keys(count: Self.keyCount)
    let order = Self.zipf()
    let configuration = StoreConfiguration(memoryBytes: 4 << 30, cores: 2)
    let stores = [Store.made(configuration), Store.made(configuration)]
    let value = [UInt8](repeating: 7, count: 100)
    for store in stores {
      for number in 0..<keys.count {
        keys.with(number) {
          _ = store.write($0, value: value.span.bytes, expiry: .never, now: now())
        }
      }
    }
    for round in 1...Self.rounds {
      let one = Self.rate(1, seconds, keys, order) { _ in stores[0] }
      let two = Self.rate(2, seconds, keys, order) { _ in stores[0] }
      let apart = Self.rate(2, seconds, keys, order) { stores[$0] }
      print(
        "round \(round): one thread \(Self.millions(one)) M/s, two \(Self.millions(two)) M/s"
          + " = x\(Self.hundredths(two / one)); two stores x\(Self.hundredths(apart / one))")
    }
  }

  /// Operations a second, of all threads.
  private static func rate(
    _ threads: Int, _ seconds: Int, _ keys: Keys, _ order: [UInt32],
    _ store: @escaping @Sendable (Int) -> Store
  ) -> Double {
    let total = Atomic(0)
    let began = monotonicNanoseconds()
    let end = began + UInt64(seconds) * 1_000_000_000
    Threads.run(threads) { thread in
      let store = store(thread)
      let value = [UInt8](repeating: 7, count: 100)
      var (done, position, sum) = (0, thread * (Self.draws / 2), 0)
      while monotonicNanoseconds() < end {
        let time = now()
        for _ in 0..<1_000 {
          let number = Int(order[position & (Self.draws - 1)])
          position += 1
          if position % 10 == 0 {
            keys.with(number) {
              _ = store.write($0, value: value.span.bytes, expiry: .never, now: time)
            }
          } else {
            keys.with(number) { key in
              sum += store.read(key, now: time) { $0.value.byteCount } ?? 0
            }
          }
        }
        done += 1_000
      }
      precondition(sum > 0, "nothing was read")
      total.add(done, ordering: .relaxed)
    }
    let elapsed = Double(monotonicNanoseconds() - began) / 1e9
    return Double(total.load(ordering: .relaxed)) / elapsed
  }

  /// Key numbers, the n-th most asked for with a share of 1 / n^0.99, spread over all numbers.
  private static func zipf() -> [UInt32] {
    var sums: [Double] = []
    var sum = 0.0
    for rank in 1...Self.keyCount {
      sum += 1 / pow(Double(rank), 0.99)
      sums.append(sum)
    }
    var random = SplitMix64(state: 1)
    return (0..<Self.draws).map { _ in
      let wanted = Double.random(in: 0..<sum, using: &random)
      var (low, high) = (0, sums.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] < wanted { low = middle + 1 } else { high = middle }
      }
      // An odd factor, so that hot keys are not neighbours.
      return UInt32(low * 7_919 % Self.keyCount)
    }
  }

  private static func millions(_ rate: Double) -> String { Self.hundredths(rate / 1e6) }

  private static func hundredths(_ number: Double) -> String {
    let hundredths = Int((number * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
