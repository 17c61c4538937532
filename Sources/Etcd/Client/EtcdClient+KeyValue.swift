// KV: reading, writing and deleting keys, and transactions.
extension EtcdClient {
  /// The key, or nil where it is not there.
  public func get(_ key: String) async throws(EtcdError) -> KeyValue? {
    try await self.range(RangeRequest(.key(key))).keyValues.first
  }

  /// One answer of etcd, as it is. For whole lists use `list`.
  public func range(_ request: RangeRequest) async throws(EtcdError) -> RangeResponse {
    try await self.call(.range, request)
  }

  /// All of `keys` as they were at one revision, in their order. Asked for in pages, which are
  /// smaller where values are large.
  public func list(_ keys: KeyRange) async throws(EtcdError) -> KeyListing {
    var restartsLeft = Self.listRestartsMax
    while true {
      do throws(EtcdError) {
        return try await self.listOnce(keys)
      } catch {
        // The revision of the first page was compacted before the last page was read.
        guard error.reason == .compacted, restartsLeft > 0 else { throw error }
        restartsLeft -= 1
      }
    }
  }

  /// `list` of all keys that begin with `prefix`.
  public func list(prefix: String) async throws(EtcdError) -> KeyListing {
    try await self.list(.prefix(prefix))
  }

  /// How often a list is begun again that compaction has overtaken.
  private static let listRestartsMax = 3

  private func listOnce(_ keys: KeyRange) async throws(EtcdError) -> KeyListing {
    var listing = KeyListing()
    var request = RangeRequest(keys)
    request.limit = Int64(self.configuration.listPageKeys)
    while true {
      let page: RangeResponse
      do throws(EtcdError) {
        page = try await self.range(request)
      } catch {
        guard error.reason == .answerTooLarge, request.limit > 1 else { throw error }
        request.limit /= 2
        continue
      }
      if request.revision == .current {
        // The other pages are of the same moment.
        request.revision = page.header.revision
        listing.revision = page.header.revision
        listing.clusterID = page.header.clusterID
      }
      listing.keyValues += page.keyValues
      guard page.hasMore, let last = page.keyValues.last else { return listing }
      request.keys = keys.after(last.key)
    }
  }

  /// Writes one key.
  @discardableResult
  public func put(_ request: PutRequest) async throws(EtcdError) -> PutResponse {
    try await self.call(.put, request)
  }

  /// Writes one key.
  @discardableResult
  public func put(
    _ key: String, _ value: String, lease: LeaseID = .none
  ) async throws(EtcdError) -> PutResponse {
    try await self.put(PutRequest(Array(key.utf8), Array(value.utf8), lease: lease))
  }

  /// Deletes keys, and says how many there were.
  @discardableResult
  public func delete(
    _ keys: KeyRange, wantsPrevious: Bool = false
  ) async throws(EtcdError) -> DeleteRangeResponse {
    var request = DeleteRangeRequest(keys)
    request.wantsPrevious = wantsPrevious
    return try await self.call(.deleteRange, request)
  }

  /// Does one list of operations or another, at once and as a whole.
  public func transact(
    _ transaction: Transaction
  ) async throws(EtcdError) -> TransactionResponse {
    try await self.call(.transaction, transaction)
  }

  /// Has etcd forget what was before `revision`.
  public func compact(_ revision: Revision) async throws(EtcdError) {
    let _: CompactionResponse = try await self.call(.compact, CompactionRequest(revision))
  }
}

/// Keys as they were at one revision: what a watch goes on from, at `revision.next`.
public struct KeyListing: Hashable, Sendable {
  /// In the order asked for; by the key, unless another was.
  public var keyValues: [KeyValue] = []
  /// When that was; a watch goes on at the next.
  public var revision = Revision.current
  /// Which etcd it comes from.
  public var clusterID: UInt64 = 0

  /// A list to be filled in.
  public init() {}
}
