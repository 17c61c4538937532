import CacheStore
import LarderAPI
import NIOCore
import Testing
import Wire

@testable import Cluster

/// Batches as bytes: put together, damaged, and read.
@Suite struct MigrationBatchTests {
  private let origin = MigrationBatch.Origin(
    peer: "b", arcs: .all, skewMaxMilliseconds: 3_600_000,
    register: MigrationRegister(bytesPerSecond: 0))

  private func message(_ keys: [String] = ["a", "b"], maxBytes: Int = 1 << 20) -> ByteBuffer {
    var batch = OutgoingBatch(number: 3, maxBytes: maxBytes)
    for key in keys { #expect(self.append(key, to: &batch)) }
    var end = MigrateBatchEnd()
    end.donePermille = 500
    return batch.finish(end)
  }

  private func append(
    _ key: String, in namespace: String = "", valueBytes: Int = 40, to batch: inout OutgoingBatch
  ) -> Bool {
    let (key, value) = (Array(key.utf8), [UInt8](repeating: 1, count: valueBytes))
    let name = Array(namespace.utf8)
    return batch.append(
      MigrateItem(
        namespace: name.span.bytes, key: key.span.bytes,
        content: .entry(
          EntryCopy(value: value.span.bytes, version: 9, ttlMilliseconds: 0, flags: 0))))
  }

  private func failure(_ bytes: [UInt8], _ origin: MigrationBatch.Origin) -> HandoverFailure? {
    do throws(HandoverFailure) {
      _ = try MigrationBatch(ByteBuffer(bytes: bytes), origin)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a batch says what it is`() throws {
    let batch = try #require(try MigrationBatch(self.message(), self.origin))
    #expect(batch.number == 3 && batch.itemCount == 2 && batch.donePermille == 500)
    #expect(!batch.isLast)
  }

  @Test func `a byte that has changed on its way is seen, wherever in the items it is`() throws {
    let whole = Array(buffer: self.message())
    var seen = 0
    // Behind the number, and before the checksum: two items.
    for index in 2..<whole.count - 12 {
      var bytes = whole
      bytes[index] ^= 1
      if self.failure(bytes, self.origin) != nil { seen += 1 }
    }
    #expect(seen == whole.count - 14)
    var bytes = whole
    bytes[20] ^= 1
    #expect(
      self.failure(bytes, self.origin)
        == .fault("batch 3 of b does not have the checksum that it says"))
  }

  @Test func `an item that is missing is seen`() throws {
    let (both, first) = (Array(buffer: self.message()), Array(buffer: self.message(["a"])))
    // The items of one, and the end of the other.
    let mixed = first.dropLast(12) + both.suffix(12)
    #expect(self.failure(Array(mixed), self.origin) != nil)
  }

  @Test func `a message without a number is a sign of life`() throws {
    var sign = MigrateBatchEnd()
    sign.donePermille = 3
    #expect(try MigrationBatch(ByteBuffer(bytes: sign.serialized()), self.origin) == nil)
  }

  @Test func `a batch has no more bytes than it may, but for one item that is larger`() {
    var batch = OutgoingBatch(number: 1, maxBytes: 4_096)
    var items = 0
    while self.append("key-\(items)", to: &batch) { items += 1 }
    let message = batch.finish(MigrateBatchEnd())
    #expect((4_000...4_096).contains(message.readableBytes) && items > 50)
    var large = OutgoingBatch(number: 1, maxBytes: 4_096)
    #expect(self.append("large", valueBytes: 10_000, to: &large))
    #expect(!self.append("small", to: &large))
  }

  @Test func `items that were not asked for, and keys that are none, are the peer's fault`() throws
  {
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 64 << 20, inlineValueMaxBytes: 1 << 10, valueMaxBytes: 1 << 20,
        tombstonesMax: 10, policy: .lru, cores: 1, namespaces: []))
    let nothing = MigrationBatch.Origin(
      peer: "b", arcs: .none, skewMaxMilliseconds: 0, register: self.origin.register)
    let stray = try #require(try MigrationBatch(self.message(), nothing))
    #expect(throws: HandoverFailure.fault("b has sent a key that it was not asked for")) {
      try stray.apply(to: store, now: storeTime())
    }
    let empty = try #require(try MigrationBatch(self.message([""]), self.origin))
    #expect(throws: HandoverFailure.fault("b has sent a key of 0 bytes")) {
      try empty.apply(to: store, now: storeTime())
    }
  }
}

extension MigrationBatchTests {
  @Test func `namespaces that the node has not are told by their names, as far as they are few`()
    throws
  {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20))
    var outgoing = OutgoingBatch(number: 1, maxBytes: 1 << 20)
    for key in ["a", "b"] { #expect(self.append(key, in: "sessions", to: &outgoing)) }
    #expect(self.append("a", to: &outgoing))
    let few = try #require(try MigrationBatch(outgoing.finish(MigrateBatchEnd()), self.origin))
    let tally = try few.apply(to: store, now: storeTime())
    #expect((tally.applied, tally.unknownNamespace) == (1, 2))
    #expect(tally.unknownNamespaces == ["sessions"])
    var many = OutgoingBatch(number: 1, maxBytes: 1 << 20)
    for number in 0..<50 { #expect(self.append("a", in: "n\(number)", to: &many)) }
    let batch = try #require(try MigrationBatch(many.finish(MigrateBatchEnd()), self.origin))
    let others = try batch.apply(to: store, now: storeTime())
    #expect(others.unknownNamespace == 50 && others.unknownNamespaces.count == 8)
  }

  @Test func `an entry that does not fit leaves a tombstone, and no older entry`() throws {
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 64 << 20, inlineValueMaxBytes: 1 << 10, valueMaxBytes: 2 << 10,
        tombstonesMax: 10, policy: .lru, cores: 1, namespaces: []))
    store.track(.all)
    let older: [UInt8] = [1]
    func applyOlder() -> ApplyOutcome {
      store.with("large") { key in
        store.apply(
          key, value: older.span.bytes, flags: 0, version: Version(rawValue: 5), expiry: .never,
          now: storeTime())
      }
    }
    #expect(applyOlder() == .applied)
    var outgoing = OutgoingBatch(number: 1, maxBytes: 1 << 20)
    #expect(self.append("large", valueBytes: 4 << 10, to: &outgoing))
    let message = outgoing.finish(MigrateBatchEnd())
    let batch = try #require(try MigrationBatch(message, self.origin))
    #expect(try batch.apply(to: store, now: storeTime()).refused == 1)
    #expect(store.copy("large") == .tombstone(Version(rawValue: 9)))
    // Nor one that comes later.
    #expect(applyOlder() == .superseded(current: Version(rawValue: 9)))
  }
}

/// Ranges as messages have them.
@Suite struct ArcSetPairsTests {
  @Test func `sets of hashes come back as they were`() throws {
    for arcs in [ArcSet.none, .all, ArcSet([0...0, 2...9, UInt64.max...UInt64.max])] {
      #expect(try ArcSet(pairs: arcs.pairs) == arcs)
    }
  }

  @Test(arguments: [[1], [2, 1], [5, 6, 1, 2], [1, 5, 5, 6]] as [[UInt64]])
  func `what is no list of ranges is refused`(pairs: [UInt64]) {
    #expect(throws: HandoverMessageFault.self) { try ArcSet(pairs: pairs) }
  }

  @Test func `more ranges than there may be are refused`() {
    let pairs = (0...UInt64(SealRequest.rangesMax)).flatMap { [$0 * 3, $0 * 3 + 1] }
    #expect(throws: HandoverMessageFault.self) { try ArcSet(pairs: pairs) }
  }
}
