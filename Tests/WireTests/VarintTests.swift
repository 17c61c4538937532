import Testing
import Wire

/// Values at each edge of the varint's length, with the bytes that the specification gives them.
private let edges: [(value: UInt64, bytes: [UInt8])] = [
  (0, [0x00]),
  (1, [0x01]),
  (127, [0x7f]),
  (128, [0x80, 0x01]),
  (300, [0xac, 0x02]),
  (16_383, [0xff, 0x7f]),
  (16_384, [0x80, 0x80, 0x01]),
  (1 << 20, [0x80, 0x80, 0x40]),
  (1 << 21 - 1, [0xff, 0xff, 0x7f]),
  (UInt64(UInt32.max), [0xff, 0xff, 0xff, 0xff, 0x0f]),
  (1 << 62, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]),
  (1 << 63 - 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
  (1 << 63, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
  (.max, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
]

@Suite struct VarintTests {
  @Test func `edge values are read from their bytes`() throws {
    for edge in edges {
      var reader = WireReader(edge.bytes.span.bytes)
      #expect(try reader.varint() == edge.value)
      #expect(reader.bytesLeft == 0)
    }
  }

  @Test func `edge values are written as their bytes and counted as such`() {
    for edge in edges {
      #expect(written { $0.append(varint: edge.value) } == edge.bytes)
      #expect(Varint.size(edge.value) == edge.bytes.count)
    }
  }

  @Test func `the size changes exactly at every seventh bit`() {
    for bits in 1..<64 {
      let first = UInt64(1) << UInt64(bits)
      #expect(Varint.size(first - 1) == (bits + 6) / 7)
      #expect(Varint.size(first) == (bits + 7) / 7)
    }
    #expect(Varint.size(.max) == Varint.bytesMax)
  }

  @Test func `zeroes padded to ten bytes are read as a short value`() throws {
    let bytes: [UInt8] = [0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]
    var reader = WireReader(bytes.span.bytes)
    #expect(try reader.varint() == 5)
  }

  @Test func `a varint of eleven bytes is refused`() {
    let bytes = [UInt8](repeating: 0x80, count: 10) + [0x01]
    #expect(failureReadingVarint(bytes) == .varintTooLong)
  }

  @Test func `a tenth byte above one is refused, since it holds bits past the 64th`() {
    let bytes = [UInt8](repeating: 0xff, count: 9) + [0x02]
    #expect(failureReadingVarint(bytes) == .varintTooLong)
  }

  @Test func `a varint cut short at each length is truncated`() {
    for count in 0...9 {
      let bytes = [UInt8](repeating: 0xff, count: count)
      #expect(failureReadingVarint(bytes) == .truncated)
    }
  }

  @Test func `zigzag pairs each sign with its neighbour`() {
    let pairs: [(Int64, UInt64)] = [
      (0, 0), (-1, 1), (1, 2), (-2, 3), (Int64.max, UInt64.max - 1), (Int64.min, UInt64.max),
    ]
    for (value, encoded) in pairs {
      #expect(Varint.zigzag(value) == encoded)
      #expect(Varint.unzigzag(encoded) == value)
    }
  }
}
