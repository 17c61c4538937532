import Testing

@testable import GRPC
@testable import HTTP2

@Suite struct `Metadata that no HTTP/2 library should have let through` {
  @Test(arguments: [("", "value"), ("with space", "value"), ("name", "line\nbreak"), ("näme", "v")])
  func `is left out and traps nothing`(name: String, value: String) {
    var block = HeaderBlock()
    block.append(name, value)
    block.append("good", "kept")
    block.append("\(name)-bin", "AAE")
    let record = Array(block.buffer)
    let metadata = MetadataView(HeaderFields(record.span.bytes)).copy()
    #expect(metadata.fields.filter { $0.name == "good" }.count == 1)
    #expect(metadata[name].isEmpty)
  }
}

extension HeaderBlock {
  fileprivate mutating func append(_ name: String, _ value: String) {
    Array(name.utf8).withUnsafeBytes { name in
      Array(value.utf8).withUnsafeBytes { self.append(name: name, value: $0) }
    }
  }
}
