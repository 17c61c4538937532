import Testing
import Wire

/// A `string name = 1`, as a view.
private struct Name: WireDecodable, ~Escapable {
  var utf8: RawSpan

  @_lifetime(copy reader)
  init(from reader: consuming WireReader) throws(WireError) {
    self.utf8 = RawSpan()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.utf8 = try reader.string(field)
      default: try reader.skip(field)
      }
    }
  }
}

@Suite struct RepeatedTests {
  @Test func `elements are found between other fields, empty ones included`() {
    let bytes: [UInt8] = [0x10, 9, 0x0a, 1, 0x61, 0x10, 9, 0x0a, 0, 0x0a, 1, 0x62, 0x10, 9]
    let elements = RepeatedBytes(validated: bytes.span.bytes, field: 1, count: 3)
    var found: [[UInt8]] = []
    var iterator = elements.makeIterator()
    while let element = iterator.next() { found.append([UInt8](copying: element)) }
    let isAtEnd = iterator.next() == nil
    #expect(found == [[0x61], [], [0x62]] && isAtEnd)
  }

  @Test func `message elements are decoded as they are found`() {
    let bytes: [UInt8] = [0x12, 3, 0x0a, 1, 0x61, 0x12, 0]
    let elements = RepeatedMessages<Name>(validated: bytes.span.bytes, field: 2, count: 2)
    var found: [String] = []
    var iterator = elements.makeIterator()
    while let element = iterator.next() { found.append(String(copyingUTF8: element.utf8)) }
    #expect(found == ["a", ""])
  }

  @Test func `no elements are iterated over no times`() {
    var bytes = RepeatedBytes().makeIterator()
    var messages = RepeatedMessages<Name>().makeIterator()
    let isEmpty = bytes.next() == nil && messages.next() == nil
    #expect(isEmpty)
  }

  @Test func `more elements counted than there are is a bug of ours and traps`() async {
    await #expect(processExitsWith: .failure) {
      let bytes: [UInt8] = [0x0a, 1, 0x61]
      var iterator = RepeatedBytes(validated: bytes.span.bytes, field: 1, count: 2).makeIterator()
      while let element = iterator.next() { _ = element.byteCount }
    }
  }

  @Test func `bytes that were never validated are a bug of ours and trap`() async {
    await #expect(processExitsWith: .failure) {
      let bytes: [UInt8] = [0x0a, 2, 0x61]
      var iterator = RepeatedBytes(validated: bytes.span.bytes, field: 1, count: 1).makeIterator()
      while let element = iterator.next() { _ = element.byteCount }
    }
  }
}
