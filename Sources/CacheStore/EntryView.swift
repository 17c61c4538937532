/// An entry as a reader sees it, while the lock of its shard is held.
public struct EntryView: ~Escapable {
  /// All of the value, wherever it lies. Copy what is small; take `extent` of what is not.
  public let value: RawSpan
  public let version: Version
  /// What is left of the entry's life, at least one millisecond.
  public let expiry: Expiry
  /// As given to the write.
  public let flags: UInt32
  /// The entry has a reference to it for as long as the view lives.
  private let shared: Unmanaged<Extent>?

  @inline(__always)
  @_lifetime(immortal)
  init(_ entry: EntryHandle, in memory: EntryMemory, now: StoreTime) {
    let form = memory.form(entry)
    // The view is handed to a closure that cannot keep it, and ends before the lock does.
    self.value = memory.value(entry, form)
    self.version = memory.version(entry, form)
    self.expiry = Expiry(until: memory.deadline(entry, form), from: now)
    self.flags = memory.flags(entry, form)
    self.shared = memory.sharedExtent(entry, form)
  }

  /// The value to keep beyond the lock, where it is above `inlineValueMaxBytes`; else nil.
  public var extent: Extent? { self.shared?.takeUnretainedValue() }
}
