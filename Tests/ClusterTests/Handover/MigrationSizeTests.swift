import LarderAPI
import NIOCore
import Testing
import Wire

@testable import Cluster

/// What is told of a migration's size, beside batches that are really put together.
@Suite struct MigrationSizeTests {
  private static let batchMaxBytes = 4 << 10

  /// The bytes of all batches that these values, each under a key of its own, take.
  private func sent(_ valueSizes: [Int]) -> (bytes: Int, batches: Int) {
    var (bytes, batches) = (0, 1)
    var batch = OutgoingBatch(number: 1, maxBytes: Self.batchMaxBytes)
    for (index, size) in valueSizes.enumerated() {
      if !self.append(index, size, to: &batch) {
        bytes += self.finish(&batch, isLast: false)
        batches += 1
        batch = OutgoingBatch(number: UInt64(batches), maxBytes: Self.batchMaxBytes)
        #expect(self.append(index, size, to: &batch))
      }
    }
    return (bytes + self.finish(&batch, isLast: true), batches)
  }

  private func append(_ index: Int, _ valueBytes: Int, to batch: inout OutgoingBatch) -> Bool {
    let (key, value) = (Array("key-\(index)".utf8), [UInt8](repeating: 1, count: valueBytes))
    return batch.append(
      MigrateItem(
        namespace: RawSpan(), key: key.span.bytes,
        content: .entry(
          EntryCopy(value: value.span.bytes, version: 300, ttlMilliseconds: 0, flags: 7))))
  }

  private func finish(_ batch: inout OutgoingBatch, isLast: Bool) -> Int {
    var end = MigrateBatchEnd()
    end.donePermille = isLast ? 1_000 : 400
    end.isLast = isLast
    return batch.finish(end).readableBytes
  }

  private func told(_ valueSizes: [Int]) -> Int {
    var size = MigrationSize(batchMaxBytes: Self.batchMaxBytes)
    for (index, valueBytes) in valueSizes.enumerated() {
      let entryBytes = EntryCopy.encodedSize(
        valueBytes: valueBytes, version: 300, ttlMilliseconds: 0, flags: 7)
      size.add(
        itemBytes: MigrateItem.encodedSize(
          namespaceBytes: 0, keyBytes: "key-\(index)".utf8.count, entryBytes: entryBytes))
    }
    return size.bytes
  }

  @Test func `many small entries take as many bytes as is told, to the byte`() {
    // More than 128 batches, whose numbers take another byte.
    let sizes = (0..<6_000).map { $0 % 200 }
    let sent = self.sent(sizes)
    #expect(sent.batches > 128)
    #expect(self.told(sizes) == sent.bytes)
  }

  @Test func `entries larger than a batch go by themselves`() {
    let sizes = [10, 5_000, 4_096, 4_030, 4_040, 4_050, 10, 9_000, 3_900, 10]
    let sent = self.sent(sizes)
    // The last two go together.
    #expect(sent.batches == 9)
    #expect(self.told(sizes) == sent.bytes)
  }

  @Test func `a migration without entries has a message all the same`() {
    #expect(self.told([]) == self.sent([]).bytes && self.told([]) > 0)
  }
}
