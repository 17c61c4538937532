public import CacheStore

/// A named part of the key space: its defaults and its limits.
public struct NamespaceConfiguration: Sendable, Equatable {
  /// Empty for the default namespace, else 1...128 bytes of `A-Z a-z 0-9 . _ -`.
  public var name: String
  /// Given to entries whose writer states no expiry; nil: they do not expire.
  public var defaultTTLMilliseconds: Int64?
  /// The longest TTL that a writer may state; at most `NodeLimits.ttlMaxMilliseconds`.
  public var ttlMaxMilliseconds: Int64
  /// The largest value; at most `NodeLimits.valueMaxBytes`.
  public var valueMaxBytes: Int
  /// Which of its entries stay when memory is full; nil: the node's policy.
  public var policy: EvictionPolicy?
  /// The share of the memory that no other namespace takes from it, in per cent.
  public var memorySharePercent = 0
  /// By how much of it a TTL is shortened at most, in per cent.
  public var ttlJitterPercent = 0
  /// Calls a second, of all clients together; 0: any number.
  public var rateLimitPerSecond = 0
  /// Calls that may be made at once; 0: as many as `rateLimitPerSecond`.
  public var rateLimitBurst = 0

  /// A namespace that adds nothing to the node's limits: entries do not expire by default.
  ///
  /// - Parameter name: As `name`; not checked.
  public init(name: String, limits: NodeLimits) {
    self.name = name
    self.defaultTTLMilliseconds = nil
    self.ttlMaxMilliseconds = limits.ttlMaxMilliseconds
    self.valueMaxBytes = limits.valueMaxBytes
  }
}

extension NamespaceConfiguration {
  /// Nil where the namespace takes any number of calls.
  var rateLimit: TokenBucket.Rate? {
    guard self.rateLimitPerSecond > 0 else { return nil }
    return TokenBucket.Rate(perSecond: self.rateLimitPerSecond, burst: self.rateLimitBurst)
  }
}
