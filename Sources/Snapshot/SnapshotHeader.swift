internal import HashRing

/// What every block of a snapshot begins with.
///
/// A snapshot is a file of blocks, one behind the other, without gaps. All numbers are little-endian.
///
/// ```
///  0        8     10    12       16       20       24             32             40             48
/// ┌────────┬─────┬─────┬────────┬────────┬────────┬──────────────┬──────────────┬──────────────┐
/// │ mark   │ for-│ kind│ records│ payload│ place  │ identity     │ payload      │ header       │
/// │        │ mat │     │        │ bytes  │        │              │ checksum     │ checksum     │
/// └────────┴─────┴─────┴────────┴────────┴────────┴──────────────┴──────────────┴──────────────┘
///  mark              4C 52 44 52 53 4E 41 50, "LRDRSNAP"
///  format            1
///  kind              1 begin, 2 valuable entries, 3 other entries, 4 end, 5 definitions
///  records           in the payload; 0 but for entries
///  payload bytes     behind this header; the next block follows
///  place             0 for the file's first block, 1 for the second, and so on
///  identity          the same in all blocks of a file, another in each file: random
///  payload checksum  XXH64, seed 0, of the payload
///  header checksum   XXH64, seed 0, of the 40 bytes before
///
/// begin    8 bytes: when it was begun, in milliseconds since 1970 UTC
///          8 bytes: the newest version that the store had given out
/// entries  `SnapshotRecord`s, one behind the other
/// definitions  of namespaces that were made at run time, as larder.v1.DescribeNamespacesResponse;
///          before the entries, where there are any
/// end      8 bytes: the number of records in all blocks
///          8 bytes: the newest version, as it was at the end
/// ```
///
/// Each block can be read without the others. So a damaged one costs what is in it: where its header
/// is whole, the next block is behind it; where not, the next is found by its mark, its checksum and
/// the identity, which nobody who writes values can know. The entries most worth having come first, and
/// an entry that changed meanwhile may come twice, the newer version being the right one.
///
/// Every format begins with these 48 bytes, so that a version of the software can tell a format that it
/// does not know from a damaged file.
struct SnapshotHeader: Equatable, Sendable {
  enum Kind: UInt16, Sendable {
    case begin = 1
    case valuableEntries
    case otherEntries
    case end
    case definitions
  }

  static let byteCount = 48
  static let mark: UInt64 = 0x5041_4E53_5244_524C
  static let currentFormat: UInt16 = 1

  var format = Self.currentFormat
  /// As written; `kind` where it is known.
  var rawKind: UInt16
  var records: UInt32
  var payloadBytes: UInt32
  var place: UInt32
  var identity: UInt64
  var payloadChecksum: UInt64

  var kind: Kind? { Kind(rawValue: self.rawKind) }

  /// The header of a payload.
  init(_ kind: Kind, records: UInt32, payload: RawSpan, place: UInt32, identity: UInt64) {
    self.rawKind = kind.rawValue
    self.records = records
    self.payloadBytes = UInt32(payload.byteCount)
    self.place = place
    self.identity = identity
    self.payloadChecksum = XXH64.hash(payload)
  }

  /// Reads a header at the beginning of `bytes`; nil: there is none, or it is damaged.
  init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount, bytes.littleEndian(UInt64.self, at: 0) == Self.mark
    else { return nil }
    let checked = bytes.extracting(first: Self.byteCount - 8)
    guard bytes.littleEndian(UInt64.self, at: 40) == XXH64.hash(checked) else { return nil }
    self.format = bytes.littleEndian(UInt16.self, at: 8)
    self.rawKind = bytes.littleEndian(UInt16.self, at: 10)
    self.records = bytes.littleEndian(UInt32.self, at: 12)
    self.payloadBytes = bytes.littleEndian(UInt32.self, at: 16)
    self.place = bytes.littleEndian(UInt32.self, at: 20)
    self.identity = bytes.littleEndian(UInt64.self, at: 24)
    self.payloadChecksum = bytes.littleEndian(UInt64.self, at: 32)
  }

  /// Writes the header over the first bytes of `block`, which has room for it.
  func write(over block: inout [UInt8]) {
    var header: [UInt8] = []
    header.append(littleEndian: Self.mark)
    header.append(littleEndian: self.format)
    header.append(littleEndian: self.rawKind)
    header.append(littleEndian: self.records)
    header.append(littleEndian: self.payloadBytes)
    header.append(littleEndian: self.place)
    header.append(littleEndian: self.identity)
    header.append(littleEndian: self.payloadChecksum)
    header.append(littleEndian: XXH64.hash(header.span.bytes))
    block.replaceSubrange(0..<Self.byteCount, with: header)
  }

  /// Whether `payload` is what the header was written for.
  func matches(_ payload: RawSpan) -> Bool {
    payload.byteCount == Int(self.payloadBytes) && XXH64.hash(payload) == self.payloadChecksum
  }
}

extension RawSpan {
  /// Traps where the number is not within the span.
  func littleEndian<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type, at offset: Int
  ) -> Number {
    precondition(offset + MemoryLayout<Number>.size <= self.byteCount, "the caller has measured")
    // The bytes are there, as the line above has seen, and any bytes are an integer.
    return Number(littleEndian: self.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
  }
}

extension [UInt8] {
  mutating func append(littleEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { self.append(contentsOf: $0) }
  }
}
