/// What an operator says about one namespace.
public struct NamespaceConfiguration: Sendable, Equatable {
  /// Empty for the default namespace.
  public var name: String
  /// For writes that name no expiry.
  public var defaultExpiry: Expiry
  /// The longest expiry that a write may name, in milliseconds. The store does not look at it.
  public var ttlMaxMilliseconds: UInt64
  /// The largest value that a write may bring, in bytes. The store does not look at it.
  public var valueMaxBytes: Int
  /// Which of its entries stay; nil: the store's policy, shared with the other namespaces that have
  /// neither a policy nor memory of their own.
  public var policy: EvictionPolicy?
  /// The share of the memory, in per cent, below which no other namespace's entries push this one's
  /// out; all namespaces' together at most `StoreConfiguration.guaranteedPercentMax`.
  public var guaranteedPercent: Int
  /// By how much of it a TTL is shortened at most, in per cent up to `ttlJitterPercentMax`, so that
  /// entries that are written together do not expire together. Each key has its own shortening.
  public var ttlJitterPercent: Int

  public init(
    name: String,
    defaultExpiry: Expiry = .never,
    ttlMaxMilliseconds: UInt64 = Self.ttlMaxMillisecondsDefault,
    valueMaxBytes: Int = StoreConfiguration.valueMaxBytesMax,
    policy: EvictionPolicy? = nil,
    guaranteedPercent: Int = 0,
    ttlJitterPercent: Int = 0
  ) {
    self.name = name
    self.defaultExpiry = defaultExpiry
    self.ttlMaxMilliseconds = ttlMaxMilliseconds
    self.valueMaxBytes = valueMaxBytes
    self.policy = policy
    self.guaranteedPercent = guaranteedPercent
    self.ttlJitterPercent = ttlJitterPercent
  }

  /// More would make a TTL say too little.
  public static let ttlJitterPercentMax = 50

  /// Ten years.
  public static let ttlMaxMillisecondsDefault: UInt64 = 3650 * 24 * 3600 * 1000

  /// Its entries compete among themselves, by the policy of this pool; nil: with the others'.
  func pool(_ store: StoreConfiguration, budgetBytes: Int) -> PoolConfiguration? {
    guard self.policy != nil || self.guaranteedPercent > 0 else { return nil }
    return PoolConfiguration(
      policy: self.policy ?? store.policy,
      guaranteedBytes: budgetBytes / 100 * self.guaranteedPercent)
  }
}

/// What the calls in one namespace are held to.
public struct NamespaceRules: Sendable, Equatable {
  public var defaultExpiry: Expiry
  public var ttlMaxMilliseconds: UInt64
  public var valueMaxBytes: Int
}
