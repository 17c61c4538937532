public import Wire

/// What an operator says about one namespace. What is nil is left as it is, or as the node has it.
public struct NamespaceSettings: WireMessage, WireDecodable, Equatable, Sendable {
  /// Given to entries whose writer states no expiry.
  public enum DefaultExpiry: Equatable, Sendable {
    case never
    case after(milliseconds: UInt64)
  }

  public var defaultExpiry: DefaultExpiry?
  /// The longest TTL that a writer may state.
  public var ttlMaxMilliseconds: UInt64?
  /// The largest value.
  public var valueMaxBytes: UInt64?
  /// Which entries stay when memory is full; empty: as all namespaces without a policy of their own.
  public var policy: String?
  /// The share of the memory that no other namespace takes from it, in per cent.
  public var memorySharePercent: UInt32?
  /// By how much of it a TTL is shortened at most, in per cent.
  public var ttlJitterPercent: UInt32?
  /// Calls a second; 0: any number.
  public var rateLimitPerSecond: UInt64?
  /// Calls that may be made at once; 0: those of one second.
  public var rateLimitBurst: UInt64?

  /// That say nothing.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    try self.merge(from: reader)
  }

  /// Reads over what is here.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.defaultExpiry = .after(milliseconds: try reader.uint64(field))
      case 2:
        _ = try reader.bool(field)
        self.defaultExpiry = .never
      case 3: self.ttlMaxMilliseconds = try reader.uint64(field)
      case 4: self.valueMaxBytes = try reader.uint64(field)
      case 5: self.policy = String(copyingUTF8: try reader.string(field))
      case 6: self.memorySharePercent = try reader.uint32(field)
      case 7: self.ttlJitterPercent = try reader.uint32(field)
      case 8: self.rateLimitPerSecond = try reader.uint64(field)
      case 9: self.rateLimitBurst = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self.defaultExpiry {
    case .after(let milliseconds): sink.uint64(field: 1, milliseconds, presence: .explicit)
    case .never: sink.bool(field: 2, true, presence: .explicit)
    case nil: break
    }
    if let most = self.ttlMaxMilliseconds { sink.uint64(field: 3, most, presence: .explicit) }
    if let most = self.valueMaxBytes { sink.uint64(field: 4, most, presence: .explicit) }
    if let policy = self.policy { sink.string(field: 5, policy, presence: .explicit) }
    if let share = self.memorySharePercent { sink.uint32(field: 6, share, presence: .explicit) }
    if let jitter = self.ttlJitterPercent { sink.uint32(field: 7, jitter, presence: .explicit) }
    if let rate = self.rateLimitPerSecond { sink.uint64(field: 8, rate, presence: .explicit) }
    if let burst = self.rateLimitBurst { sink.uint64(field: 9, burst, presence: .explicit) }
  }
}
