/// What is known of an entry without its bytes, such as how large it is as part of a message.
public struct EntryOutline: Sendable, Equatable {
  /// As in `StoreKey`.
  public let hash: UInt64
  public let namespace: NamespaceID
  public let keyBytes: Int
  public let valueBytes: Int
  public let version: Version
  /// What is left of the entry's life, at least one millisecond.
  public let expiry: Expiry
  /// As given to the write.
  public let flags: UInt32

  init(_ entry: EntryHandle, hash: UInt64, in memory: EntryMemory, now: StoreTime) {
    self.hash = hash
    self.namespace = memory.namespace(entry)
    self.keyBytes = memory.key(entry, hash: hash).bytes.byteCount
    self.valueBytes = memory.value(entry).byteCount
    self.version = memory.version(entry)
    self.expiry = Expiry(until: memory.deadline(entry), from: now)
    self.flags = memory.flags(entry)
  }
}
