/// A key as the store takes it: a view of the caller's bytes, and their hash.
@frozen
public struct StoreKey: ~Escapable {
  public let namespace: NamespaceID
  /// 1 to `StoreConfiguration.keyMaxBytes` bytes.
  public let bytes: RawSpan
  /// The same for the same namespace and bytes, always; well mixed in all its bits. The low bits
  /// choose the shard, those above them the bucket; the top 12 are left to the ring and the floors.
  public let hash: UInt64

  @inlinable
  @_lifetime(copy bytes)
  public init(namespace: NamespaceID = .default, bytes: RawSpan, hash: UInt64) {
    self.namespace = namespace
    self.bytes = bytes
    self.hash = hash
  }
}
