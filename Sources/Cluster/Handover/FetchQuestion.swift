internal import CacheStore
internal import LarderAPI
internal import NIOCore
internal import Wire

/// One Fetch: as many keys as it takes, and what the answer says of them.
struct FetchQuestion {
  let message: [UInt8]
  private let keyCount: Int

  /// - Parameter keys: not empty. Those that the call does not take are left for the next.
  init(_ namespace: String, _ keys: ArraySlice<[UInt8]>, _ heir: MemberProcess) {
    var bytes = 0
    let taken = keys.prefix(HandoverLimits.fetchKeysMax).prefix { key in
      defer { bytes += key.count }
      return bytes == 0 || bytes + key.count <= HandoverLimits.fetchBytesMax
    }
    self.keyCount = taken.count
    self.message = Request(heir: ProcessID(heir), namespace: namespace, keys: taken).serialized()
  }

  /// A FetchRequest that is made of what it asks for.
  private struct Request: WireMessage {
    let heir: ProcessID
    let namespace: String
    let keys: ArraySlice<[UInt8]>

    func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
      FetchRequest.encode(
        heir: self.heir, namespace: self.namespace.utf8Span.span.bytes, into: &sink)
      for key in self.keys { FetchRequest.encode(key: key.span.bytes, into: &sink) }
    }
  }

  /// - Returns: one for each of the first keys, at least one.
  func answers(
    in message: ByteBuffer, from member: Member, _ skewMaxMilliseconds: UInt64
  ) throws(HandoverFailure) -> [FetchedCopy] {
    let newest = Version(wallMilliseconds: WallClock.milliseconds() + skewMaxMilliseconds)
    var copies: [FetchedCopy] = []
    do throws(WireError) {
      let response = try FetchResponse(decoding: message.readableBytesSpan)
      var results = response.results.makeIterator()
      while let result = results.next() { copies.append(FetchedCopy(result)) }
    } catch {
      throw .fault("\(member.id) has answered with malformed protobuf: \(error)")
    }
    guard (1...self.keyCount).contains(copies.count) else {
      throw .fault("\(member.id) was asked for \(self.keyCount) keys and answers \(copies.count)")
    }
    guard copies.allSatisfy({ $0.version <= newest }) else {
      throw .fault("\(member.id) has versions too far in the future: set its clock right")
    }
    return copies
  }
}

extension FetchedCopy {
  init(_ result: FetchResult) {
    switch result {
    // What this node cannot read, it cannot answer with either.
    case .unset: self = .unknown(floor: .none)
    case .tombstone(let version): self = .tombstone(Version(rawValue: version))
    case .floor(let version): self = .unknown(floor: Version(rawValue: version))
    case .entry(let entry):
      self = .entry(
        value: [UInt8](copying: entry.value), version: Version(rawValue: entry.version),
        expiry: CacheStore.Expiry(ttlMilliseconds: entry.ttlMilliseconds), flags: entry.flags)
    }
  }

  fileprivate var version: Version {
    switch self {
    case .entry(_, let version, _, _), .tombstone(let version), .unknown(let version): version
    }
  }
}
