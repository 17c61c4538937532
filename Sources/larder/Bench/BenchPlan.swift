import GRPC
import Node

/// What a load is made of: every number in its range, and all of them fit each other.
struct BenchPlan: Equatable, Sendable {
  // Limits. What the node itself limits (values, batches, streams) may be higher there than by
  // default, so these are only what the generator can do.

  /// All connections together.
  static let connectionsMax = 10_000
  /// Calls open at a time on one connection.
  static let streamsMax = 1_000
  /// Event loops.
  static let threadsMax = 256
  /// Of the load and of the time before it that does not count: a day.
  static let durationMaxMilliseconds: Int64 = 86_400_000
  /// The API promises that no key is longer.
  static let keySizeMaxBytes = NodeLimits.keyMaxBytesMax
  /// Of one value, and of all keys and values of a batch.
  static let requestMaxBytes = 64 << 20
  /// Keys in one batch call.
  static let batchMax = 100_000
  /// Calls per second.
  static let rateMax = 10_000_000.0
  /// Above it nearly all calls would be for one key; the arithmetic of the distribution holds.
  static let zipfExponentMax = 10.0

  var target = TargetOptions.defaultTarget
  /// Sent with every call; nil: none.
  var token: BearerToken?
  var namespace = ""
  var connections = 16
  /// Calls open at a time on each connection.
  var streams = 1
  /// Event loops that the connections are divided among.
  var threads = 1
  var durationMilliseconds: Int64 = 10_000
  /// Load that comes first and does not count.
  var warmupMilliseconds: Int64 = 1_000
  var keys = 100_000
  /// The node that owns all keys, by its id; nil: whoever does.
  var owner: String?
  /// The numbers of the `keys` that `owner` owns; nil: the first ones.
  var ownedKeys: [Int]?
  var distribution = KeyDistribution.uniform
  var keySizeBytes = 16
  /// The size of a value depends on its key alone, evenly within the range.
  var valueSizesBytes = 100...100
  var mix: CallMix
  /// Keys in each GetMany and SetMany.
  var batch = 100
  /// Calls per second, all connections together; nil: as fast as answers come.
  var rate: Double?
  /// True: all keys are stored before the load begins.
  var isPreloaded = false
  /// Chooses which keys are hot, which are asked for, and what values hold.
  var seed: UInt64 = 1
  /// Of one call; nil: none.
  var timeoutMilliseconds: Int64?

  init(mix: CallMix) {
    self.mix = mix
  }

  /// What is wrong with the plan, in the names of the flags; nil: nothing.
  var problem: String? {
    self.rangeProblem ?? self.relationProblem
  }

  private var rangeProblem: String? {
    Self.check("connections", self.connections, 1...Self.connectionsMax)
      ?? Self.check("streams", self.streams, 1...Self.streamsMax)
      ?? Self.check("threads", self.threads, 1...Self.threadsMax)
      ?? Self.check("keys", self.keys, 1...KeyPicker.keysMax)
      ?? Self.check("batch", self.batch, 1...Self.batchMax)
      ?? Self.check("key-size", self.keySizeBytes, 1...Self.keySizeMaxBytes)
      ?? Self.check("value-size", self.valueSizesBytes.upperBound, 0...Self.requestMaxBytes)
      ?? self.durationProblem ?? self.rateProblem
  }

  private var durationProblem: String? {
    let most = DurationText.text(milliseconds: Self.durationMaxMilliseconds)
    if self.durationMilliseconds > Self.durationMaxMilliseconds {
      return "--duration is at most \(most)."
    }
    if self.warmupMilliseconds > Self.durationMaxMilliseconds {
      return "--warmup is at most \(most)."
    }
    return nil
  }

  private var rateProblem: String? {
    if let rate = self.rate, !(rate > 0 && rate <= Self.rateMax) {
      return "--rate is above 0 and at most \(Int(Self.rateMax)) calls per second."
    }
    if case .zipf(let exponent) = self.distribution,
      !(exponent > 0 && exponent <= Self.zipfExponentMax)
    {
      return "--zipf-exponent is above 0 and at most \(Int(Self.zipfExponentMax))."
    }
    return nil
  }

  private var relationProblem: String? {
    if self.threads > self.connections {
      return "--threads \(self.threads) is more than --connections \(self.connections): a"
        + " connection is served by one thread."
    }
    if self.owner != nil && self.keys > OwnedKeys.keysMax {
      return "--owner is for at most \(OwnedKeys.keysMax) --keys: they are looked for one by one."
    }
    if self.owner != nil && self.mix.kinds.contains(.increment) {
      return "--owner is not for incr, whose keys are others."
    }
    let keySizeMin = KeyText.sizeMin(keys: self.keys)
    if self.keySizeBytes < keySizeMin {
      return "--key-size \(self.keySizeBytes) is too short for --keys \(self.keys): at least"
        + " \(keySizeMin) bytes are needed to tell them apart."
    }
    let batchBytes = self.batch * (self.keySizeBytes + self.valueSizesBytes.upperBound)
    if self.mix.kinds.contains(where: \.isBatch), batchBytes > Self.requestMaxBytes {
      return "--batch \(self.batch) makes messages of up to \(ByteCount(bytes: batchBytes)); at"
        + " most \(ByteCount(bytes: Self.requestMaxBytes)) can be sent."
    }
    return nil
  }

  private static func check(_ flag: String, _ value: Int, _ range: ClosedRange<Int>) -> String? {
    range.contains(value)
      ? nil : "--\(flag) \(value) is out of range: \(range.lowerBound) to \(range.upperBound)."
  }

  /// The number in the text of a key, by its place among `keys`.
  func number(of key: Int) -> Int { self.ownedKeys?[key] ?? key }

  /// The size of a key's value.
  func valueSize(of key: Int) -> Int {
    let low = self.valueSizesBytes.lowerBound
    let span = UInt64(self.valueSizesBytes.upperBound - low) + 1
    return low + Int(SplitMix64.mixed(UInt64(key) ^ self.seed) % span)
  }
}
