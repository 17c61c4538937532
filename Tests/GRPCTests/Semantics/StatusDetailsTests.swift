import Testing
import Wire

@testable import GRPC

private let typeURL = Array("type.googleapis.com/google.rpc.ErrorInfo".utf8)

/// A length-delimited field (wire type 2) with fewer than 128 bytes.
private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
  [number << 3 | 2, UInt8(bytes.count)] + bytes
}

private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

private func errorInfo(in bytes: [UInt8]) throws -> ErrorInfo? {
  try StatusDetails.errorInfo(in: bytes.span.bytes)
}

@Suite struct StatusDetailsTests {
  @Test func `the bytes are those of google.rpc.Status with one ErrorInfo`() {
    let info = ErrorInfo(reason: "R", domain: "d", metadata: ["b": "2", "a": "1"])
    let bytes = StatusDetails(Status(.resourceExhausted, "m"), info).serialized()
    let errorInfo =
      field(1, text("R")) + field(2, text("d"))
      // Map entries in the order of their keys.
      + field(3, field(1, text("a")) + field(2, text("1")))
      + field(3, field(1, text("b")) + field(2, text("2")))
    let any = field(1, typeURL) + field(2, errorInfo)
    #expect(bytes == [1 << 3 | 0, 8] + field(2, text("m")) + field(3, any))
  }

  @Test func `an ErrorInfo comes back as it was`() throws {
    for info in [
      ErrorInfo(reason: "MESSAGE_TOO_LARGE", metadata: ["limit": "message-max", "é": "ü"]),
      ErrorInfo(reason: "", domain: ""),
      ErrorInfo(reason: "R", metadata: ["": ""]),
    ] {
      let bytes = StatusDetails(Status(.internal, "message"), info).serialized()
      #expect(try errorInfo(in: bytes) == info)
    }
  }

  @Test func `details of other types are passed over`() throws {
    let other = field(1, text("type.googleapis.com/google.rpc.RetryInfo")) + field(2, [0xff, 0xff])
    let info = field(1, typeURL) + field(2, field(1, text("R")))
    #expect(try errorInfo(in: field(3, other)) == nil)
    #expect(
      try errorInfo(in: field(3, other) + field(3, info)) == ErrorInfo(reason: "R", domain: ""))
  }

  @Test func `unknown fields are passed over at every level`() throws {
    let unknown: [UInt8] = [15 << 3 | 0, 0x7f]
    let entry = unknown + field(1, text("a")) + field(2, text("1"))
    let value = unknown + field(1, text("R")) + field(3, entry)
    let info = unknown + field(1, typeURL) + field(2, value)
    #expect(
      try errorInfo(in: unknown + field(3, info))
        == ErrorInfo(reason: "R", domain: "", metadata: ["a": "1"]))
  }

  @Test func `no bytes have no ErrorInfo, and cut ones are an error`() throws {
    #expect(try errorInfo(in: []) == nil)
    let info = ErrorInfo(reason: "R", domain: "d")
    let bytes = StatusDetails(Status(.internal), info).serialized()
    // The code alone is a whole message; the detail after it is whole only with its last byte.
    for count in 3..<bytes.count {
      #expect(throws: WireError.self) { try errorInfo(in: Array(bytes[..<count])) }
    }
  }
}
