import Testing
import TestSupport

@testable import HTTP2

@Suite struct HeaderBlockTests {
  @Test func `a field is recorded as two lengths, its name and its value`() {
    var block = HeaderBlock()
    block.append("te", "trailers")
    let lengths = [UInt32(2), UInt32(8)].withUnsafeBytes { Array($0) }
    #expect(Array(block.buffer) == lengths + Array("tetrailers".utf8))
  }

  @Test func `fields come back in order, empty ones and repeated names too`() {
    var block = HeaderBlock()
    block.append("a", "1")
    block.append("b", "")
    block.append("a", "2")
    #expect(block.count == 3)
    var fields = HeaderFields(RawSpan(_unsafeBytes: block.buffer))
    var read: [String] = []
    while let field = fields.next() {
      read.append(texts(of: field))
    }
    #expect(read == ["a: 1", "b: ", "a: 2"])
  }

  @Test func `an empty block has no fields`() {
    let block = HeaderBlock()
    var fields = HeaderFields(RawSpan(_unsafeBytes: block.buffer))
    let isEmpty = fields.next() == nil
    #expect(isEmpty)
  }

  @Test func `a recycled block is empty`() {
    var block = HeaderBlock()
    block.append("a", "1")
    block.recycle(capacityMaxBytes: 0)
    #expect(block.count == 0 && block.buffer.count == 0)
  }

  @Test func `spans are equal when length and every byte are`() {
    for (left, right, isEqual) in [
      ("te", "te", true), ("te", "t", false), ("te", "ta", false), ("te", "ae", false),
      ("", "", true), ("", "t", false),
    ] {
      let (left, right) = (Array(left.utf8), Array(right.utf8))
      let result = left.span.bytes.equals(right.span.bytes)
      #expect(result == isEqual, "\(left) and \(right)")
    }
    let name = Array("te".utf8)
    let (same, longer, other): (Bool, Bool, Bool) = (
      name.span.bytes.equals("te"), name.span.bytes.equals("ten"), name.span.bytes.equals("ta")
    )
    #expect(same && !longer && !other)
  }

  private func texts(of field: borrowing HeaderField) -> String {
    let name = field.name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    let value = field.value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    return "\(name): \(value)"
  }
}

extension HeaderBlock {
  fileprivate mutating func append(_ name: String, _ value: String) {
    Array(name.utf8).withUnsafeBytes { name in
      Array(value.utf8).withUnsafeBytes { self.append(name: name, value: $0) }
    }
  }
}
