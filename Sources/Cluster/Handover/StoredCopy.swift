internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import Wire

/// What a store has under a key, copied out of it.
enum StoredCopy {
  /// What goes with a value.
  struct Head {
    let version: Version
    let ttlMilliseconds: UInt64
    let flags: UInt32
  }

  case nothing
  case tombstone(Version)
  case small(Head, [UInt8])
  case large(Head, Extent)

  init(of key: borrowing StoreKey, in store: Store, now: StoreTime) {
    var copy = Self.nothing
    _ = store.copy(of: key, now: now) { item in
      switch item.content {
      case .tombstone: copy = .tombstone(item.version)
      case .entry(let entry):
        var ttl: UInt64 = 0
        if case .after(let milliseconds) = entry.expiry { ttl = milliseconds }
        let head = Head(version: item.version, ttlMilliseconds: ttl, flags: entry.flags)
        if let extent = entry.extent {
          copy = .large(head, extent)
        } else {
          copy = .small(head, [UInt8](copying: entry.value))
        }
      }
    }
    self = copy
  }

  /// Appends it to the answer of a Fetch.
  ///
  /// - Parameters:
  ///   - isFirst: it is appended whatever its size.
  ///   - floor: for a key that the store knows nothing of.
  /// - Returns: false where the answer is too full for it.
  func append(to call: borrowing UnaryCall, isFirst: Bool, floor: Version) -> Bool {
    switch self {
    case .nothing: Self.append(.floor(floor.rawValue), to: call, isFirst)
    case .tombstone(let version): Self.append(.tombstone(version.rawValue), to: call, isFirst)
    case .small(let head, let value):
      Self.append(.entry(Self.copy(head, value.span.bytes)), to: call, isFirst)
    case .large(let head, let extent):
      Self.append(.entry(Self.copy(head, extent.bytes)), to: call, isFirst)
    }
  }

  @_lifetime(copy value)
  private static func copy(_ head: Head, _ value: RawSpan) -> EntryCopy {
    EntryCopy(
      value: value, version: head.version.rawValue, ttlMilliseconds: head.ttlMilliseconds,
      flags: head.flags)
  }

  private static func append(
    _ result: FetchResult, to call: borrowing UnaryCall, _ isFirst: Bool
  ) -> Bool {
    var counter = SizeCounter()
    FetchResponse.encode(result: result, into: &counter)
    guard isFirst || call.appendedBytes + counter.size <= HandoverLimits.fetchBytesMax else {
      return false
    }
    call.append(size: counter.size) { output in
      FetchResponse.encode(result: result, into: &output)
    }
    return true
  }
}
