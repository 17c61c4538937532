internal import HTTP2

/// What a connection keeps of one call, beside the session's own record of the stream.
protocol CallState: ~Copyable {
  init()
}

/// The calls of a connection, each at an address that stays the same while its stream is open.
///
/// A call begins as `Call()` when its stream is first asked for, and ends when its record serves
/// another stream. In raw memory for the same reason as the records: see `HTTP2.Stream`.
final class CallTable<Call: CallState & ~Copyable> {
  private struct Entry: ~Copyable {
    var id: Int32 = 0
    var call = Call()
  }

  private var entries: [UnsafeMutablePointer<Entry>] = []

  init() {}

  deinit {
    for entry in self.entries {
      entry.deinitialize(count: 1)
      entry.deallocate()
    }
  }

  /// The call on `stream`, for as long as it is open.
  @inline(__always)
  func of(_ stream: HTTP2.Stream) -> UnsafeMutablePointer<Call> {
    // Nobody but this table sets the context of a stream, once for each record.
    let entry =
      stream.context.map { $0.assumingMemoryBound(to: Entry.self) } ?? self.newEntry(stream)
    if entry.pointee.id != stream.id {
      entry.pointee.id = stream.id
      entry.pointee.call = Call()
    }
    // `call` is a stored property of memory that stays where it is.
    return withUnsafeMutablePointer(to: &entry.pointee.call) { $0 }
  }

  private func newEntry(_ stream: HTTP2.Stream) -> UnsafeMutablePointer<Entry> {
    let entry = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
    entry.initialize(to: Entry())
    self.entries.append(entry)
    stream.context = UnsafeMutableRawPointer(entry)
    return entry
  }
}
