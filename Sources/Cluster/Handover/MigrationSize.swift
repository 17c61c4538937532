internal import LarderAPI
internal import Wire

/// The bytes of a migration's messages, told from the sizes of its items: in batches as `OutgoingBatch`
/// puts them together, none of which is put together for that.
struct MigrationSize: Sendable, Equatable {
  /// Behind the items of each batch but the last, give or take a byte.
  private static let endBytes = Self.endBytes(isLast: false)
  private static let lastEndBytes = Self.endBytes(isLast: true)

  private let batchMaxBytes: Int
  /// Batches that are full, and their bytes.
  private var batches = 0
  private var fullBytes = 0
  /// Of the batch that is not full yet, without what will stand behind its items.
  private var items = 0
  private var openBytes: Int

  /// - Parameter batchMaxBytes: as each batch is made with.
  init(batchMaxBytes: Int) {
    self.batchMaxBytes = batchMaxBytes
    self.openBytes = Self.startBytes(of: 1)
  }

  /// Of all messages, if nothing is added any more. Also a migration without items has one.
  var bytes: Int { self.fullBytes + self.openBytes + Self.lastEndBytes }

  /// - Parameter itemBytes: `encodedSize` of the item.
  mutating func add(itemBytes: Int) {
    let whole = MigrateResponse.wholeSize(itemSize: itemBytes)
    let isFull =
      self.items > 0
      && self.openBytes + whole + OutgoingBatch.endBytesMax > self.batchMaxBytes
    if isFull {
      self.batches += 1
      self.fullBytes += self.openBytes + Self.endBytes
      self.openBytes = Self.startBytes(of: self.batches + 1)
      self.items = 0
    }
    self.openBytes += whole
    self.items += 1
  }

  private static func startBytes(of number: Int) -> Int {
    var counter = SizeCounter()
    MigrateResponse.encode(number: UInt64(number), into: &counter)
    return counter.size
  }

  private static func endBytes(isLast: Bool) -> Int {
    var end = MigrateBatchEnd()
    end.checksum = .max
    end.donePermille = isLast ? 1_000 : 500
    end.isLast = isLast
    return end.encodedSize
  }
}
