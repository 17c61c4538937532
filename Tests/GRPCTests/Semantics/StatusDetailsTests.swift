import NIOCore
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
  try StatusDetails.details(in: bytes.span.bytes).info
}

private func details(_ code: StatusCode, _ message: String, _ info: ErrorInfo) -> [UInt8] {
  StatusDetails(Status(code, message, info: info)).serialized()
}

@Suite struct StatusDetailsTests {
  @Test func `the bytes are those of google.rpc.Status with one ErrorInfo`() {
    let info = ErrorInfo(reason: "R", domain: "d", metadata: ["b": "2", "a": "1"])
    let bytes = details(.resourceExhausted, "m", info)
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
      let bytes = details(.internal, "message", info)
      #expect(try errorInfo(in: bytes) == info)
    }
  }

  @Test func `details of other types are passed over`() throws {
    let other = field(1, text("type.googleapis.com/google.rpc.Help")) + field(2, [0xff, 0xff])
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
    let bytes = details(.internal, "", info)
    // The code alone is a whole message; the detail after it is whole only with its last byte.
    for count in 3..<bytes.count {
      #expect(throws: WireError.self) { try errorInfo(in: Array(bytes[..<count])) }
    }
  }

  @Test func `a retry delay is a RetryInfo behind the ErrorInfo`() throws {
    let status = Status(
      .resourceExhausted, "m", info: ErrorInfo(reason: "R", domain: ""),
      retryPushback: .after(.nanoseconds(2_000_000_003)))
    // google.protobuf.Duration: 2 s and 3 ns.
    let delay = field(1, [1 << 3 | 0, 2, 2 << 3 | 0, 3])
    let retry =
      field(1, text("type.googleapis.com/google.rpc.RetryInfo")) + field(2, delay)
    let info = field(1, typeURL) + field(2, field(1, text("R")))
    let bytes = StatusDetails(status).serialized()
    #expect(
      bytes == [1 << 3 | 0, 8] + field(2, text("m")) + field(3, info) + field(3, retry))
    let read = try StatusDetails.details(in: bytes.span.bytes)
    #expect(read.info == status.info && read.retryDelay == status.retryPushback?.delay)
  }

  @Test func `a retry delay stands alone too, and an absurd one does no harm`() throws {
    let alone = StatusDetails(Status(.unavailable, retryPushback: .after(.milliseconds(5))))
      .serialized()
    let read = try StatusDetails.details(in: alone.span.bytes)
    #expect(read.info == nil && read.retryDelay == .milliseconds(5))

    // The largest int64 of seconds, in ten bytes less one.
    let seconds: [UInt8] = [1 << 3 | 0] + [UInt8](repeating: 0xff, count: 8) + [0x7f]
    let value = field(1, seconds)
    let any = field(1, text("type.googleapis.com/google.rpc.RetryInfo")) + field(2, value)
    let absurd = try StatusDetails.details(in: field(3, any).span.bytes)
    #expect(absurd.retryDelay.map { $0 > .hours(24 * 365) } == true)
  }

  @Test func `an Any whose value comes before its type is read all the same`() throws {
    let any = field(2, field(1, text("R"))) + field(1, typeURL)
    #expect(try errorInfo(in: field(3, any)) == ErrorInfo(reason: "R", domain: ""))
  }
}
