internal import CacheStore
internal import LarderAPI

// Settings as larder.v1.Admin has them.

extension NamespaceConfiguration {
  /// Takes over what `settings` say. Ranges are those of the configuration file; what namespaces
  /// demand of each other, the store checks.
  mutating func change(
    by settings: NamespaceSettings, limits: NodeLimits
  ) throws(NamespaceError) {
    if let most = settings.ttlMaxMilliseconds {
      self.ttlMaxMilliseconds = try Self.checked(
        "ttl_max_ms", most, 1...limits.ttlMaxMilliseconds, "the node's ttl-max")
    }
    switch settings.defaultExpiry {
    case .never: self.defaultTTLMilliseconds = nil
    case .after(let milliseconds):
      self.defaultTTLMilliseconds = try Self.checked(
        "default_ttl_ms", milliseconds, 1...limits.ttlMaxMilliseconds, "the node's ttl-max")
    case nil: break
    }
    if let ttl = self.defaultTTLMilliseconds, ttl > self.ttlMaxMilliseconds {
      throw .invalid(
        "default_ttl_ms is \(ttl): at most ttl_max_ms, which is \(self.ttlMaxMilliseconds)")
    }
    if let most = settings.valueMaxBytes {
      self.valueMaxBytes = try Self.checked(
        "value_max_bytes", most, 1...limits.valueMaxBytes, "the node's value-max")
    }
    if let name = settings.policy {
      self.policy = try Self.policy(name)
    }
    if let share = settings.memorySharePercent {
      self.memorySharePercent = try Self.checked(
        "memory_share_percent", UInt64(share), 0...StoreConfiguration.guaranteedPercentMax)
    }
    if let jitter = settings.ttlJitterPercent {
      self.ttlJitterPercent = try Self.checked(
        "ttl_jitter_percent", UInt64(jitter),
        0...CacheStore.NamespaceConfiguration.ttlJitterPercentMax)
    }
    if let rate = settings.rateLimitPerSecond {
      self.rateLimitPerSecond = try Self.checked("rate_limit", rate, 0...NodeLimits.rateLimitMax)
    }
    if let burst = settings.rateLimitBurst {
      self.rateLimitBurst = try Self.checked(
        "rate_limit_burst", burst, 0...NodeLimits.rateLimitMax)
    }
  }

  private static func policy(_ name: String) throws(NamespaceError) -> EvictionPolicy? {
    if name.isEmpty { return nil }
    guard let policy = EvictionPolicy(rawValue: name) else {
      throw .invalid(
        "policy is \(quoted(name)): it takes one of"
          + " \(EvictionPolicy.allCases.map(\.rawValue).joined(separator: ", ")), or nothing for"
          + " the node's")
    }
    return policy
  }

  private static func checked<Number: FixedWidthInteger>(
    _ field: String, _ value: UInt64, _ range: ClosedRange<Number>, _ source: String? = nil
  ) throws(NamespaceError) -> Number {
    if let number = Number(exactly: value), range.contains(number) { return number }
    throw .invalid(
      "\(field) is \(value): it takes \(range.lowerBound) to \(range.upperBound)"
        + (source.map { ", \($0)" } ?? ""))
  }
}

extension CacheStore.NamespaceConfiguration {
  init(_ namespace: NamespaceConfiguration) {
    self.init(
      name: namespace.name,
      defaultExpiry: namespace.defaultTTLMilliseconds
        .map { .after(milliseconds: UInt64($0)) } ?? .never,
      ttlMaxMilliseconds: UInt64(namespace.ttlMaxMilliseconds),
      valueMaxBytes: namespace.valueMaxBytes, policy: namespace.policy,
      guaranteedPercent: namespace.memorySharePercent,
      ttlJitterPercent: namespace.ttlJitterPercent)
  }
}

extension NamespaceSettings {
  /// All of them.
  init(_ namespace: NamespaceConfiguration) {
    self.init()
    self.defaultExpiry =
      namespace.defaultTTLMilliseconds.map { .after(milliseconds: UInt64($0)) } ?? .never
    self.ttlMaxMilliseconds = UInt64(namespace.ttlMaxMilliseconds)
    self.valueMaxBytes = UInt64(namespace.valueMaxBytes)
    self.policy = namespace.policy?.rawValue ?? ""
    self.memorySharePercent = UInt32(namespace.memorySharePercent)
    self.ttlJitterPercent = UInt32(namespace.ttlJitterPercent)
    self.rateLimitPerSecond = UInt64(namespace.rateLimitPerSecond)
    self.rateLimitBurst = UInt64(namespace.rateLimitBurst)
  }
}
