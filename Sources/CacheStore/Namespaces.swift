/// A namespace's place in the store's list. 0 is the default namespace.
@frozen
public struct NamespaceID: RawRepresentable, Sendable, Hashable {
  public var rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The namespace with the empty name.
  public static let `default` = Self(rawValue: 0)
}

/// What an operator says about one namespace.
public struct NamespaceConfiguration: Sendable, Equatable {
  /// Empty for the default namespace.
  public var name: String
  /// For writes that name no expiry.
  public var defaultExpiry: Expiry
  /// The longest expiry that a write may name, in milliseconds. The store does not look at it.
  public var ttlMaxMilliseconds: UInt64
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
    policy: EvictionPolicy? = nil,
    guaranteedPercent: Int = 0,
    ttlJitterPercent: Int = 0
  ) {
    self.name = name
    self.defaultExpiry = defaultExpiry
    self.ttlMaxMilliseconds = ttlMaxMilliseconds
    self.policy = policy
    self.guaranteedPercent = guaranteedPercent
    self.ttlJitterPercent = ttlJitterPercent
  }

  /// More would make a TTL say too little.
  public static let ttlJitterPercentMax = 50

  /// Ten years.
  public static let ttlMaxMillisecondsDefault: UInt64 = 3650 * 24 * 3600 * 1000
}

/// The namespaces of a store, by number and by name. Fixed for the store's life.
public struct Namespaces: Sendable {
  /// By number; the first is the default namespace.
  public let configurations: [NamespaceConfiguration]
  /// Names and numbers, ordered by `precedes`.
  private let sorted: [(name: [UInt8], id: NamespaceID)]

  /// - Parameter configurations: Names are unique; the default namespace is added in front where
  ///   it is missing, and moved to the front where it is not.
  init(_ configurations: [NamespaceConfiguration]) {
    let fallback = configurations.first { $0.name.isEmpty } ?? NamespaceConfiguration(name: "")
    self.configurations = [fallback] + configurations.filter { !$0.name.isEmpty }
    self.sorted = self.configurations.enumerated()
      .map { (Array($1.name.utf8), NamespaceID(rawValue: UInt16($0))) }
      .sorted { Self.order($0.name.span.bytes, $1.name) < 0 }
  }

  public subscript(id: NamespaceID) -> NamespaceConfiguration {
    self.configurations[Int(id.rawValue)]
  }

  /// The namespace of that name, or nil where the store has none. Allocates nothing.
  public func id(of name: RawSpan) -> NamespaceID? {
    if name.isEmpty { return .default }
    var low = 0
    var high = self.sorted.count
    while low < high {
      let middle = (low + high) / 2
      let order = Self.order(name, self.sorted[middle].name)
      if order == 0 { return self.sorted[middle].id }
      if order < 0 { high = middle } else { low = middle + 1 }
    }
    return nil
  }

  /// Below, at or above 0 as `left` comes before, equals or follows `right`: shorter names first,
  /// then by their bytes.
  private static func order(_ left: RawSpan, _ right: [UInt8]) -> Int {
    if left.byteCount != right.count { return left.byteCount - right.count }
    for index in 0..<right.count {
      let byte = left.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if byte != right[index] { return Int(byte) - Int(right[index]) }
    }
    return 0
  }
}
