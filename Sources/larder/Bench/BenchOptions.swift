import ArgumentParser
import Foundation
import LarderAPI
import Node

/// Flags of the group "Load": how much, from where, for how long.
struct LoadOptions: ParsableArguments {
  /// The generator shares the machine with the node more often than not.
  static let defaultThreads = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)

  @Option(
    help: ArgumentHelp("The node to call. (default: 127.0.0.1:7600)", valueName: "host:port"),
    transform: ArgumentText.target)
  var target: HostPort?

  @OptionGroup var credentials: TokenOptions

  @Option(help: ArgumentHelp("Connections to open.", valueName: "number"))
  var connections = 16

  @Option(help: ArgumentHelp("Calls open at a time on each connection.", valueName: "number"))
  var streams = 1

  @Option(
    help: ArgumentHelp(
      "Threads that make calls. (default: half of the cores)", valueName: "number"))
  var threads: Int?

  @Option(
    help: ArgumentHelp("How long to measure. (default: 10s)", valueName: "duration"),
    transform: { text throws(ArgumentRefusal) in
      try ArgumentText.duration(text, in: 1...BenchPlan.durationMaxMilliseconds)
    })
  var duration: Int64?

  @Option(
    help: ArgumentHelp(
      "How long to put load on first, without measuring; 0: not at all. (default: 1s)",
      valueName: "duration"),
    transform: { text throws(ArgumentRefusal) in
      try ArgumentText.duration(text, in: 0...BenchPlan.durationMaxMilliseconds)
    })
  var warmup: Int64?

  @Option(
    help: ArgumentHelp(
      "Kinds of calls and the share of each: get, set, delete, incr, getmany, setmany, touch."
        + " (default: get=0.9,set=0.1)", valueName: "kind=share,..."),
    transform: CallMix.init(parsing:))
  var mix = CallMix.standard

  @Option(
    help: ArgumentHelp(
      "Calls per second, all connections together. (default: as many as are answered)",
      valueName: "number"))
  var rate: Double?

  @Option(
    help: ArgumentHelp("Give each call this long. (default: no limit)", valueName: "duration"),
    transform: ArgumentText.duration)
  var timeout: Int64?

  /// Puts what was given into a plan of defaults.
  func fill(_ plan: inout BenchPlan) {
    plan.target = self.target ?? plan.target
    plan.connections = self.connections
    plan.streams = self.streams
    // A default may not be more than what was asked for allows.
    plan.threads = self.threads ?? min(Self.defaultThreads, max(1, self.connections))
    plan.durationMilliseconds = self.duration ?? plan.durationMilliseconds
    plan.warmupMilliseconds = self.warmup ?? plan.warmupMilliseconds
    plan.rate = self.rate
    plan.timeoutMilliseconds = self.timeout
  }
}

/// Flags of the group "Keys and values".
struct EntryOptions: ParsableArguments {
  /// How keys are drawn, by name.
  enum Distribution: String, ExpressibleByArgument, CaseIterable {
    case uniform, zipf
  }

  /// YCSB's.
  static let defaultZipfExponent = 0.99

  @OptionGroup var namespace: NamespaceOptions

  @Option(help: ArgumentHelp("How many keys there are.", valueName: "number"))
  var keys = 100_000

  @Option(
    help: ArgumentHelp(
      "Only keys that this node of the cluster owns; with --target another one, each call is"
        + " forwarded. (default: whoever owns them)", valueName: "id"))
  var owner: String?

  @Option(
    help: ArgumentHelp("How keys are drawn: uniform, or zipf: few are hot.", valueName: "name"))
  var keyDistribution = Distribution.uniform

  @Option(
    help: ArgumentHelp(
      "How much hotter the hot keys are; above 0. (default: 0.99)", valueName: "number"))
  var zipfExponent: Double?

  @Option(
    help: ArgumentHelp("The length of each key. (default: 16)", valueName: "size"),
    transform: ArgumentText.size)
  var keySize: Int?

  @Option(
    help: ArgumentHelp(
      "The size of values, or a range of sizes: 100B-10KiB. (default: 100B)", valueName: "size"),
    transform: ArgumentText.sizes)
  var valueSize: ClosedRange<Int>?

  @Option(help: ArgumentHelp("Keys in each getmany and setmany.", valueName: "number"))
  var batch = 100

  @Flag(help: "Store all keys before the load begins.")
  var preload = false

  @Option(
    help: ArgumentHelp(
      "Chooses keys, values and the order of calls: the same seed, the same calls.",
      valueName: "number"))
  var seed: UInt64 = 1

  /// Puts what was given into a plan of defaults.
  func fill(_ plan: inout BenchPlan) {
    plan.namespace = self.namespace.namespace
    plan.keys = self.keys
    plan.owner = self.owner
    plan.distribution =
      self.keyDistribution == .uniform
      ? .uniform : .zipf(exponent: self.zipfExponent ?? Self.defaultZipfExponent)
    plan.keySizeBytes = self.keySize ?? plan.keySizeBytes
    plan.valueSizesBytes = self.valueSize ?? plan.valueSizesBytes
    plan.batch = self.batch
    plan.isPreloaded = self.preload
    plan.seed = self.seed
  }
}
