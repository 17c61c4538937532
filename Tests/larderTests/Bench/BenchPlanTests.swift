import ArgumentParser
import Node
import Testing

@testable import larder

@Suite struct BenchPlanTests {
  /// A change of the default plan that goes one past a limit.
  struct Excess: Sendable {
    let flag: String
    let change: @Sendable (inout BenchPlan) -> Void
  }

  private static let excesses: [Excess] = [
    Excess(flag: "--connections") { $0.connections = BenchPlan.connectionsMax + 1 },
    Excess(flag: "--connections") { $0.connections = 0 },
    Excess(flag: "--streams") { $0.streams = BenchPlan.streamsMax + 1 },
    Excess(flag: "--threads") { $0.threads = BenchPlan.threadsMax + 1 },
    Excess(flag: "--threads") { $0.threads = 17 },
    Excess(flag: "--keys") { $0.keys = KeyPicker.keysMax + 1 },
    Excess(flag: "--key-size") { $0.keySizeBytes = BenchPlan.keySizeMaxBytes + 1 },
    Excess(flag: "--key-size") { $0.keySizeBytes = 5 },
    Excess(flag: "--value-size") { $0.valueSizesBytes = 0...BenchPlan.requestMaxBytes + 1 },
    Excess(flag: "--batch") { $0.batch = BenchPlan.batchMax + 1 },
    Excess(flag: "--rate") { $0.rate = BenchPlan.rateMax + 1 },
    Excess(flag: "--rate") { $0.rate = 0 },
    Excess(flag: "--rate") { $0.rate = .nan },
    Excess(flag: "--duration") { $0.durationMilliseconds = BenchPlan.durationMaxMilliseconds + 1 },
    Excess(flag: "--warmup") { $0.warmupMilliseconds = BenchPlan.durationMaxMilliseconds + 1 },
    Excess(flag: "--zipf-exponent") { $0.distribution = .zipf(exponent: 10.1) },
    Excess(flag: "--zipf-exponent") { $0.distribution = .zipf(exponent: 0) },
  ]

  private static func plan(_ change: (inout BenchPlan) -> Void) -> BenchPlan {
    var plan = BenchPlan(mix: .standard)
    change(&plan)
    return plan
  }

  @Test func `the defaults are a plan`() {
    #expect(Self.plan { _ in }.problem == nil)
  }

  @Test func `each limit can be reached`() {
    let plan = Self.plan {
      $0.connections = BenchPlan.connectionsMax
      $0.streams = BenchPlan.streamsMax
      $0.threads = BenchPlan.threadsMax
      $0.keys = KeyPicker.keysMax
      $0.keySizeBytes = BenchPlan.keySizeMaxBytes
      $0.valueSizesBytes = 0...BenchPlan.requestMaxBytes
      $0.batch = BenchPlan.batchMax
      $0.rate = BenchPlan.rateMax
      $0.durationMilliseconds = BenchPlan.durationMaxMilliseconds
      $0.warmupMilliseconds = BenchPlan.durationMaxMilliseconds
      $0.distribution = .zipf(exponent: BenchPlan.zipfExponentMax)
    }
    #expect(plan.problem == nil)
  }

  @Test(arguments: Self.excesses)
  func `one past a limit is refused by the name of the flag`(excess: Excess) {
    #expect(Self.plan(excess.change).problem?.hasPrefix(excess.flag) == true)
  }

  @Test func `a batch is refused where it is used and too large`() throws {
    var plan = Self.plan {
      $0.batch = 100
      $0.valueSizesBytes = 0...(1 << 20)
    }
    #expect(plan.problem == nil)
    plan.mix = try CallMix(parsing: "setmany=1")
    #expect(plan.problem?.hasPrefix("--batch 100") == true)
    plan.batch = 63
    #expect(plan.problem == nil)
  }

  @Test func `the size of a value depends on its key and reaches both ends`() {
    let plan = Self.plan { $0.valueSizesBytes = 5...8 }
    let sizes = (0..<100).map(plan.valueSize(of:))
    #expect(sizes == (0..<100).map(plan.valueSize(of:)))
    #expect(Set(sizes) == [5, 6, 7, 8])
  }

  @Test func `flags reach the plan`() throws {
    let command = try BenchCommand.parse([
      "--target", "[::1]:1", "--connections", "3", "--streams", "4", "--threads", "2",
      "--duration", "1m", "--warmup", "0", "--keys", "7", "--key-distribution", "zipf",
      "--key-size", "20", "--value-size", "1-2", "--mix", "touch=1", "--batch", "9", "--rate",
      "2.5", "--preload", "--namespace", "n", "--seed", "8", "--timeout", "1s",
    ])
    let expected = Self.plan {
      $0.target = .init(host: "::1", port: 1)
      $0.connections = 3
      $0.streams = 4
      $0.threads = 2
      $0.durationMilliseconds = 60_000
      $0.warmupMilliseconds = 0
      $0.keys = 7
      $0.distribution = .zipf(exponent: 0.99)
      $0.keySizeBytes = 20
      $0.valueSizesBytes = 1...2
      $0.batch = 9
      $0.rate = 2.5
      $0.isPreloaded = true
      $0.namespace = "n"
      $0.seed = 8
      $0.timeoutMilliseconds = 1_000
    }
    var plan = command.plan
    #expect(plan.mix.kinds == [.touch])
    plan.mix = .standard
    #expect(plan == expected)
  }
}
