internal import HashRing
internal import LarderAPI
internal import NIOCore
internal import Wire

/// A batch of a migration as it is put together.
struct OutgoingBatch {
  /// What stands behind the items takes no more, but for floors.
  static let endBytesMax = 32

  private let maxBytes: Int
  private var message = ByteBuffer()
  private var checksum = XXH64.Stream()
  private(set) var items = 0

  /// - Parameter maxBytes: of the message. One item has room whatever its size.
  init(number: UInt64, maxBytes: Int) {
    self.maxBytes = maxBytes
    self.message.writeWithOutputRawSpan(minimumWritableBytes: 16) { output in
      MigrateResponse.encode(number: number, into: &output)
    }
  }

  /// - Returns: false where there is no room for it.
  mutating func append(_ item: MigrateItem) -> Bool {
    let size = item.encodedSize
    let whole = MigrateResponse.wholeSize(itemSize: size)
    guard
      self.items == 0 || self.message.readableBytes + whole + Self.endBytesMax <= self.maxBytes
    else { return false }
    self.message.writeWithOutputRawSpan(minimumWritableBytes: whole) { output in
      MigrateResponse.encode(item: item, size: size, into: &output)
    }
    var checksum = self.checksum
    checksum.update(self.message.readableBytesSpan.extracting(last: size))
    self.checksum = checksum
    self.items += 1
    return true
  }

  /// The whole message. Nothing may be appended after it.
  mutating func finish(_ end: MigrateBatchEnd) -> ByteBuffer {
    var end = end
    end.checksum = self.checksum.finalize()
    self.message.writeWithOutputRawSpan(minimumWritableBytes: end.encodedSize) { output in
      end.encode(into: &output)
    }
    return self.message
  }
}
