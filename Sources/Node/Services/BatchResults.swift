internal import CacheStore
internal import LarderAPI
internal import NIOCore
internal import Wire

/// What the store has said about the keys of a group, as it goes into the reply: the store hands out
/// entries in the order of its shards, and the reply has them in the order of the keys.
///
/// Kept from call to call, so that a batch asks for no memory: see `BatchResultsKeeper`.
struct BatchResults: ~Copyable {
  enum Result {
    case absent
    /// A hit, encoded: for `write`.
    case encoded(Range<Int>)
    /// A large value: its place in `pinned`.
    case pinned(Int)
  }

  private var bytes = ByteBuffer()
  private(set) var pinned: [(info: HitInfo, value: Extent)] = []
  private var results: [Result]

  /// What is kept at most for the next call; a batch of large values may need more.
  private static let bytesKeptMax = 1 << 20

  init() { self.results = Array(repeating: .absent, count: KeyGroup.capacity) }

  subscript(index: Int) -> Result { self.results[index] }

  /// For a group of `count` keys.
  mutating func begin(_ count: Int) {
    for index in 0..<count { self.results[index] = .absent }
    self.bytes.clear()
  }

  /// Takes an entry, under the lock of its shard.
  mutating func set(_ index: Int, _ entry: borrowing EntryView, isStale: Bool) {
    let info = HitInfo(entry, isStale: isStale)
    if let extent = entry.extent {
      self.results[index] = .pinned(self.pinned.count)
      self.pinned.append((info, extent))
      return
    }
    let value = entry.value
    let start = self.bytes.writerIndex
    let size = GetManyResponse.hitSize(info, valueSize: value.byteCount)
    self.bytes.writeWithOutputRawSpan(minimumWritableBytes: size) { output in
      GetManyResponse.encodeHitPrefix(info, valueSize: value.byteCount, into: &output)
      output.append(bytes: value)
      info.encodeSuffix(into: &output)
    }
    self.results[index] = .encoded(start..<start + size)
  }

  /// Writes what `Result.encoded` says.
  func write(_ place: Range<Int>, into output: inout OutputRawSpan) {
    self.bytes.withUnsafeReadableBytes { all in
      output.append(bytes: RawSpan(_unsafeBytes: all).extracting(place))
    }
  }

  /// Lets go of large values, and of more memory than the next call will need.
  mutating func end() {
    self.pinned.removeAll(keepingCapacity: true)
    if self.bytes.capacity > Self.bytesKeptMax { self.bytes = ByteBuffer() }
  }
}

/// Has the results of one event loop while no batch is being read. A batch takes them out: what is in
/// nobody else's reach needs no checks for that.
///
/// Unchecked, because it is changed without a lock: only by calls of its loop, one at a time.
final class BatchResultsKeeper: @unchecked Sendable {
  private var results: BatchResults? = BatchResults()

  /// New ones where a call within a call has taken them already.
  func take() -> BatchResults { self.results.take() ?? BatchResults() }

  func put(_ results: consuming BatchResults) { self.results = consume results }
}
