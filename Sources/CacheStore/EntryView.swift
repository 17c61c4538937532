/// An entry as a reader sees it, while the lock of its shard is held.
public struct EntryView: ~Escapable {
  /// All of the value, wherever it lies. Copy what is small; take `extent` of what is not.
  public let value: RawSpan
  public let version: Version
  /// What is left of the entry's life, at least one millisecond.
  public let expiry: Expiry
  /// As given to the write.
  public let flags: UInt32
  private let entry: EntryReference

  @_lifetime(immortal)
  init(_ entry: EntryReference, now: StoreTime) {
    // The view is handed to a closure that cannot keep it, and ends before the lock does.
    self.value = entry.value
    self.version = entry.header.version
    self.expiry = Expiry(until: entry.header.deadline, from: now)
    self.flags = entry.header.flags
    self.entry = entry
  }

  /// The value to keep beyond the lock, where it is above `inlineValueMaxBytes`; else nil.
  public var extent: Extent? { self.entry.extent }
}
