import Testing
import Wire

@Suite struct FieldSinkTests {
  @Test func `each type is written as the specification spells it`() {
    #expect(Sample.full.serialized() == Sample.fullBytes)
  }

  @Test func `the size counted is the size written`() {
    #expect(Sample.full.encodedSize == Sample.fullBytes.count)
  }

  @Test func `fields with default values are not written`() {
    #expect(Sample().serialized() == [])
    #expect(Sample().encodedSize == 0)
  }

  @Test func `members of a oneof are written even with default values`() {
    let bytes = written { output in
      output.uint64(field: 1, 0, presence: .explicit)
      output.int64(field: 2, 0, presence: .explicit)
      output.uint32(field: 3, 0, presence: .explicit)
      output.int32(field: 4, 0, presence: .explicit)
      output.sint64(field: 5, 0, presence: .explicit)
      output.bool(field: 6, false, presence: .explicit)
      output.string(field: 7, "", presence: .explicit)
      output.bytes(field: 8, RawSpan(), presence: .explicit)
      output.fixed32(field: 9, 0, presence: .explicit)
      output.fixed64(field: 10, 0, presence: .explicit)
    }
    let numbered: [UInt8] = [
      0x08, 0, 0x10, 0, 0x18, 0, 0x20, 0, 0x28, 0, 0x30, 0, 0x3a, 0, 0x42, 0, 0x4d, 0, 0, 0, 0,
      0x51, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    #expect(bytes == numbered)
  }

  @Test func `the highest field number takes a tag of five bytes`() {
    let bytes = written { $0.uint64(field: WireField.numberMax, 1) }
    #expect(bytes == [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01])
  }

  @Test func `a message nested a hundred deep keeps its size and its bytes`() throws {
    var sample = Sample(uint64: 1)
    for _ in 0..<100 { sample = Sample(children: [sample]) }
    let bytes = sample.serialized()
    #expect(bytes.count == sample.encodedSize)
    #expect(try Sample(decoding: bytes) == sample)
  }

  @Test func `a value of a megabyte is copied whole`() throws {
    let value = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let bytes = Sample(bytes: value).serialized()
    #expect(bytes.prefix(4) == [0x4a, 0x80, 0x80, 0x40])
    #expect(Array(bytes.dropFirst(4)) == value)
  }

  @Test func `an output one byte smaller than the message traps`() async {
    await #expect(processExitsWith: .failure) {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
      var output = OutputRawSpan(buffer: buffer, initializedCount: 0)
      output.bytes(field: 1, ([1, 2, 3] as [UInt8]).span.bytes)
    }
  }

  @Test func `an output of exactly the message's size is filled`() {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 5, alignment: 1)
    defer { buffer.deallocate() }
    var output = OutputRawSpan(buffer: buffer, initializedCount: 0)
    output.bytes(field: 1, ([1, 2, 3] as [UInt8]).span.bytes)
    #expect(output.freeCapacity == 0)
    #expect(output.finalize(for: buffer) == 5)
    #expect(Array(buffer) == [0x0a, 3, 1, 2, 3])
  }
}
