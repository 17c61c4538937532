import Testing
import Wire

@Suite struct WireReaderTests {
  @Test func `each type is read from the bytes that the specification spells`() throws {
    #expect(try Sample(decoding: Sample.fullBytes) == Sample.full)
  }

  @Test func `an empty message has no fields`() throws {
    #expect(try Sample(decoding: []) == Sample())
  }

  @Test func `a message cut at each offset is refused or is the shorter message`() throws {
    // A cut between two fields leaves a whole, shorter message; anywhere else it must be refused.
    let boundaries = [0, 3, 14, 16, 27, 29, 31, 40, 45, 49, 56, 59, 64]
    for count in 0...Sample.fullBytes.count {
      let bytes = Array(Sample.fullBytes.prefix(count))
      if boundaries.contains(count) {
        #expect(try Sample(decoding: bytes).serialized() == bytes)
      } else {
        #expect(throws: WireError.truncated) { try Sample(decoding: bytes) }
      }
    }
  }

  @Test func `each single byte changed gives an error or a message, and never a trap`() {
    var understood = 0
    var refused = 0
    for index in Sample.fullBytes.indices {
      for value in UInt8.min...UInt8.max {
        var bytes = Sample.fullBytes
        bytes[index] = value
        do throws(WireError) {
          let sample = try Sample(decoding: bytes)
          // What was understood can be written again, in as many bytes as announced.
          #expect(sample.serialized().count == sample.encodedSize)
          understood += 1
        } catch {
          refused += 1
        }
      }
    }
    #expect(understood > 1_000 && refused > 1_000)
  }

  @Test func `unknown fields of every wire type are skipped`() throws {
    let unknown: [UInt8] =
      [0xa0, 0x06, 0xff, 0x01]  // 100: varint
      + [0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]  // 100: fixed64
      + [0xa2, 0x06, 0x03, 1, 2, 3]  // 100: length-delimited
      + [0xa5, 0x06, 1, 2, 3, 4]  // 100: fixed32
    #expect(try Sample(decoding: unknown + [0x08, 0x05] + unknown) == Sample(uint64: 5))
  }

  @Test func `an unknown field that ends too early is truncated`() {
    for bytes: [UInt8] in [
      [0xa0, 0x06], [0xa0, 0x06, 0x80], [0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7],
      [0xa2, 0x06], [0xa2, 0x06, 0x03, 1, 2], [0xa5, 0x06, 1, 2, 3],
    ] {
      #expect(failureSkipping(bytes) == .truncated)
    }
  }

  @Test func `groups are refused, both their start and their end`() {
    #expect(failureSkipping([0x0b]) == .groupUnsupported)
    #expect(failureSkipping([0x0c]) == .groupUnsupported)
  }

  @Test func `wire types six and seven are refused`() {
    #expect(failureSkipping([0x0e]) == .wireTypeInvalid)
    #expect(failureSkipping([0x0f]) == .wireTypeInvalid)
  }

  @Test func `field number zero is refused`() {
    #expect(failureSkipping([0x00, 0x00]) == .fieldNumberInvalid)
  }

  @Test func `the highest field number is accepted and one more is refused`() throws {
    #expect(failureSkipping([0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01]) == nil)
    #expect(
      failureSkipping([0x80, 0x80, 0x80, 0x80, 0x10, 0x01]) == .fieldNumberInvalid)
  }

  @Test func `a length of 2 GiB is refused for its size, one byte less only as truncated`() {
    let most: [UInt8] = [0x0a, 0xff, 0xff, 0xff, 0xff, 0x07]
    let oneMore: [UInt8] = [0x0a, 0x80, 0x80, 0x80, 0x80, 0x08]
    let all: [UInt8] = [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
    #expect(failureSkipping(most) == .truncated)
    #expect(failureSkipping(oneMore) == .lengthTooLong)
    #expect(failureSkipping(all) == .lengthTooLong)
  }

  @Test func `each typed read refuses every other wire type`() {
    // Field, wire type that it is declared with.
    let declared: [(UInt8, UInt8)] = [
      (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 1), (8, 5), (9, 2), (10, 2),
    ]
    for (number, type) in declared {
      for other: UInt8 in [0, 1, 2, 5] where other != type {
        let bytes = [number << 3 | other] + [UInt8](repeating: 0, count: 8)
        #expect(throws: WireError.wireTypeMismatch) { try Sample(decoding: bytes) }
      }
    }
    #expect(throws: WireError.wireTypeMismatch) { try Sample(decoding: [0x80, 0x01, 0x00]) }
  }

  @Test func `a 32-bit field takes the low half of a wider varint`() throws {
    // 2^32 + 1 and 2^33 - 2.
    #expect(try Sample(decoding: [0x18, 0x81, 0x80, 0x80, 0x80, 0x10]).uint32 == 1)
    #expect(try Sample(decoding: [0x20, 0xfe, 0xff, 0xff, 0xff, 0x1f]).int32 == -2)
  }

  @Test func `a bool is true for every varint but zero`() throws {
    #expect(try Sample(decoding: [0x30, 0x02]).bool)
    #expect(
      try Sample(decoding: [0x30, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]).bool)
    #expect(try Sample(decoding: [0x30, 0x80, 0x00]).bool == false)
  }

  @Test func `of a field that comes twice the last one counts`() throws {
    #expect(try Sample(decoding: [0x08, 0x01, 0x08, 0x02]).uint64 == 2)
    #expect(try Sample(decoding: [0x08, 0x01, 0x08, 0x00]).uint64 == 0)
  }

  @Test func `messages nested 100 deep are read and 101 deep are refused`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      var sample = Sample()
      for _ in 0..<depth { sample = Sample(children: [sample]) }
      return sample.serialized()
    }
    #expect(WireReader.nestingMax == 100)
    #expect(throws: Never.self) { try Sample(decoding: nested(100)) }
    #expect(throws: WireError.nestingTooDeep) { try Sample(decoding: nested(101)) }
  }

  @Test func `a reader of its own nesting limit refuses one level more`() throws {
    let bytes: [UInt8] = [0x82, 0x01, 0x00]
    var reader = WireReader(bytes.span.bytes, nestingMax: 0)
    let field = try #require(try reader.nextField())
    var refusal: WireError?
    do throws(WireError) { _ = try reader.message(field) } catch { refusal = error }
    #expect(refusal == .nestingTooDeep)
  }

  @Test func `every error has a text of its own`() {
    #expect(Set(WireError.allCases.map(\.description)).count == WireError.allCases.count)
  }
}
