import CacheStore
import HashRing
import Testing

@testable import Snapshot

/// The bytes themselves: files outlive the software that wrote them.
@Suite struct FormatTests {
  @Test func `a file of one entry, byte for byte`() {
    var encoder = SnapshotEncoder(identity: 0x0102_0304_0506_0708)
    var blocks: [[UInt8]] = []
    func keep(_ block: RawSpan) { blocks.append(block.withUnsafeBytes { Array($0) }) }
    let (name, key, value) = (Array("ns".utf8), Array("key".utf8), Array("value".utf8))
    encoder.begin(wallMilliseconds: 0x11, newest: Version(rawValue: 0x22), keep)
    encoder.append(
      SnapshotRecord(
        head: .init(
          version: Version(rawValue: 0x33), flags: 0x44, endMilliseconds: 0x55),
        namespace: name.span.bytes, key: key.span.bytes, value: value.span.bytes))
    encoder.entries(areValuable: true, keep)
    encoder.end(newest: Version(rawValue: 0x66), keep)

    let begin: [UInt8] = [0x11, 0, 0, 0, 0, 0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0]
    let entries: [UInt8] =
      [0x33, 0, 0, 0, 0, 0, 0, 0, 0x55, 0, 0, 0, 0, 0, 0, 0, 0x44, 0, 0, 0]  // version, end, flags
      + [5, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]  // value, key and name bytes
      + name + key + value
    let end: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0x66, 0, 0, 0, 0, 0, 0, 0]
    #expect(
      blocks == [
        Self.block(kind: 1, records: 0, place: 0, begin),
        Self.block(kind: 2, records: 1, place: 1, entries),
        Self.block(kind: 4, records: 0, place: 2, end),
      ])
  }

  private static func block(
    kind: UInt8, records: UInt8, place: UInt8, _ payload: [UInt8]
  ) -> [UInt8] {
    var header: [UInt8] = Array("LRDRSNAP".utf8)
    header += [1, 0, kind, 0, records, 0, 0, 0, UInt8(payload.count), 0, 0, 0, place, 0, 0, 0]
    header += [8, 7, 6, 5, 4, 3, 2, 1]
    header += Self.bytes(XXH64.hash(payload.span.bytes))
    return header + Self.bytes(XXH64.hash(header.span.bytes)) + payload
  }

  private static func bytes(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  @Test func `records that overrun their payload are none`() {
    var encoder = SnapshotEncoder(identity: 1)
    var block: [UInt8] = []
    let (key, value, none): ([UInt8], [UInt8], [UInt8]) = ([1, 2], [3, 4, 5], [])
    encoder.append(
      SnapshotRecord(
        head: .init(version: Version(rawValue: 1), flags: 0, endMilliseconds: 1),
        namespace: none.span.bytes, key: key.span.bytes, value: value.span.bytes))
    encoder.entries(areValuable: false) { bytes in block = bytes.withUnsafeBytes { Array($0) } }
    let payload = Array(block.dropFirst(SnapshotHeader.byteCount))
    for length in payload.indices {
      let cut = Array(payload.prefix(length))
      var records = SnapshotRecords(cut.span.bytes)
      let isNone = records.next() == nil
      #expect(isNone, "\(length) bytes")
      #expect(records.isAtEnd == (length == 0))
    }
    // No entry has an empty key.
    var keyless = payload
    keyless[24] = 0
    var records = SnapshotRecords(keyless.span.bytes)
    let isNone = records.next() == nil
    #expect(isNone)
  }

  @Test func `a step of the writer copies no more than it says`() {
    #expect(SnapshotWriter.stepLimits.bytesMax <= 64 << 10)
    #expect(SnapshotWriter.stepLimits.bucketsMax <= 256)
    #expect(SnapshotWriter.stepLimits.entriesMax <= 512)
  }
}
