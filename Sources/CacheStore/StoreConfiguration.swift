/// The limits of a store and the namespaces in it. Checked once, by `Store.init`.
public struct StoreConfiguration: Sendable, Equatable {
  /// What keys, values, headers, slack, index and policies may take together, in bytes. At least
  /// `memoryBytesMin`.
  public var memoryBytes: Int
  /// Values up to this size lie in the entry and are copied under the shard's lock; larger ones are
  /// extents. In bytes, within `inlineValueRange`.
  public var inlineValueMaxBytes: Int
  /// The largest value, in bytes; at most `valueMaxBytesMax`.
  public var valueMaxBytes: Int
  /// Remembered deletes, in equal parts for the shards. The oldest is dropped for the one too many.
  public var tombstonesMax: Int
  /// The share of the memory that tombstones may take, as a divisor: 8 means an eighth.
  public var tombstoneMemoryDivisor: Int
  /// Which entries stay when there is no room for all.
  public var policy: EvictionPolicy
  /// Processor cores that will use the store; a hint for the number of shards.
  public var cores: Int
  /// The default namespace may be left out.
  public var namespaces: [NamespaceConfiguration]

  /// - Parameter tombstonesMax: By default one for each KiB of memory, at most a million.
  public init(
    memoryBytes: Int = 1 << 30,
    inlineValueMaxBytes: Int = 16 << 10,
    valueMaxBytes: Int = 3 << 20,
    tombstonesMax: Int? = nil,
    tombstoneMemoryDivisor: Int = 8,
    policy: EvictionPolicy = .default,
    cores: Int = 1,
    namespaces: [NamespaceConfiguration] = []
  ) {
    self.memoryBytes = memoryBytes
    self.inlineValueMaxBytes = inlineValueMaxBytes
    self.valueMaxBytes = valueMaxBytes
    self.tombstonesMax = tombstonesMax ?? min(1 << 20, memoryBytes >> 10)
    self.tombstoneMemoryDivisor = tombstoneMemoryDivisor
    self.policy = policy
    self.cores = cores
    self.namespaces = namespaces
  }

  /// The longest key, in bytes.
  public static let keyMaxBytes = 64 << 10
  /// Below this the tables alone would leave no room.
  public static let memoryBytesMin = 64 << 10
  /// Two tebibytes: what `shardsMax` shards can name.
  public static let memoryBytesMax = 1 << 41
  /// In bytes. Not below 64: a number is no large value. Not above 48 KiB: it is copied under a lock.
  public static let inlineValueRange = 64...(48 << 10)
  /// A message cannot hold more.
  public static let valueMaxBytesMax = 1 << 30
  /// Each has counters in every shard.
  public static let namespacesMax = 1 << 13
  public static let shardsMax = 256
  /// What namespaces may be guaranteed together, in per cent of the memory: the rest is for index,
  /// policies and slack, and for those who need more.
  public static let guaranteedPercentMax = 80
  /// What a shard's handles can name.
  private static let shardBytesMax = EntryHandle.reachBytes

  /// A power of two. Thirty-two for each core keep threads out of each other's way: where few keys are
  /// hot, four for each let two threads do 1.3 times the work of one, and these 1.8 times. One core has
  /// nobody to keep out, and reads batches the faster the fewer shards they fall into. A shard's budget
  /// holds at least eight values, and eight keys, of the largest size, as long as there is more than one
  /// shard.
  public var shardCount: Int {
    let byMemory = self.memoryBytes / (8 * max(Self.keyMaxBytes, self.valueMaxBytes))
    let wanted = min(self.cores == 1 ? 4 : 32 * self.cores, byMemory, Self.shardsMax)
    var count = 1
    while count * 2 <= wanted || self.memoryBytes / count > Self.shardBytesMax { count *= 2 }
    return count
  }

  func validate() throws(StoreConfigurationError) {
    try Self.check("memoryBytes", self.memoryBytes, Self.memoryBytesMin...Self.memoryBytesMax)
    try Self.check("inlineValueMaxBytes", self.inlineValueMaxBytes, Self.inlineValueRange)
    try Self.check("valueMaxBytes", self.valueMaxBytes, 1...Self.valueMaxBytesMax)
    try Self.check("tombstonesMax", self.tombstonesMax, 0...(1 << 40))
    try Self.check("tombstoneMemoryDivisor", self.tombstoneMemoryDivisor, 2...1024)
    try Self.check("cores", self.cores, 1...(1 << 16))
    // The default namespace may have to be added.
    try Self.check("namespaces.count", self.namespaces.count, 0...(Self.namespacesMax - 1))
    try self.validate(self.namespaces)
  }

  /// Checks namespaces, which may come and change later.
  func validate(_ namespaces: [NamespaceConfiguration]) throws(StoreConfigurationError) {
    try Self.check("namespaces.count", namespaces.count, 0...Self.namespacesMax)
    for namespace in namespaces {
      try Self.check(
        "ttlJitterPercent of \"\(namespace.name)\"", namespace.ttlJitterPercent,
        0...NamespaceConfiguration.ttlJitterPercentMax)
      try Self.check(
        "guaranteedPercent of \"\(namespace.name)\"", namespace.guaranteedPercent,
        0...Self.guaranteedPercentMax)
    }
    // Cannot overflow: at most `namespacesMax` numbers of at most 80.
    try Self.check(
      "guaranteedPercent of all namespaces",
      namespaces.reduce(0) { $0 + $1.guaranteedPercent }, 0...Self.guaranteedPercentMax)
    var names: Set<String> = []
    for namespace in namespaces where !names.insert(namespace.name).inserted {
      throw StoreConfigurationError(
        description: "namespace \"\(namespace.name)\" is listed twice: keep one of them")
    }
  }

  private static func check(
    _ name: String, _ value: Int, _ range: ClosedRange<Int>
  ) throws(StoreConfigurationError) {
    guard !range.contains(value) else { return }
    throw StoreConfigurationError(
      description: "\(name) is \(value): "
        + "set it between \(range.lowerBound) and \(range.upperBound)")
  }
}

/// Names the setting, its value and what would be accepted.
public struct StoreConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String
}
