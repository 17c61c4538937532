import NIOCore
import TestSupport
import Testing

@testable import GRPC

/// What handlers add to the metadata of their answers.
@Suite struct AnswerMetadataTests {
  private static func metadata(_ fields: (String, String)...) -> Metadata {
    var metadata = Metadata()
    for (name, value) in fields { metadata.add(name, value) }
    return metadata
  }

  @Test func `metadata goes before and after a reply`() throws {
    let server = try EmbeddedServer(
      Unary { call in
        do {
          try call.addInitialMetadata(Self.metadata(("x-first", "1"), ("x-empty", "")))
          try call.addTrailingMetadata(Self.metadata(("x-last-bin", "f")))
          try call.addTrailingMetadata(Self.metadata(("x-last", "2")))
        } catch {
          Issue.record(error)
        }
        call.reply([9])
      })
    let answer = try server.answer(body: framed([]))
    #expect(answer.messages == [[9]])
    #expect(answer.head["x-first"] == "1" && answer.head["x-empty"] == "")
    #expect(answer.trailers == ["grpc-status": "0", "x-last": "2", "x-last-bin": "Zg"])
    // The record of the call serves the next one.
    let plain = try EmbeddedServer(Unary.echo).answer(body: framed([1]))
    #expect(plain.trailers == ["grpc-status": "0"])
  }

  @Test func `metadata of one call is not another's`() throws {
    let server = try EmbeddedServer(
      Unary { call in
        if call.message.byteCount == 1 {
          do {
            try call.addTrailingMetadata(Self.metadata(("x-last", "2")))
          } catch {
            Issue.record(error)
          }
        }
        call.reply([9])
      })
    #expect(try server.answer(body: framed([1])).trailers["x-last"] == "2")
    #expect(try server.answer(body: framed([])).trailers == ["grpc-status": "0"])
  }

  @Test func `an error carries trailing metadata in its one block, and initial metadata before it`()
    throws
  {
    for hasInitial in [false, true] {
      let server = try EmbeddedServer(
        Unary { call in
          do {
            if hasInitial { try call.addInitialMetadata(Self.metadata(("x-first", "1"))) }
            try call.addTrailingMetadata(Self.metadata(("x-last", "2")))
          } catch {
            Issue.record(error)
          }
          call.fail(Status(.aborted, "no", retryPushback: .never))
        })
      let answer = try server.answer(body: framed([]))
      #expect(answer.status == 10 && answer.message == "no" && answer.body.isEmpty)
      #expect(answer.field("x-last") == "2")
      #expect(answer.field("grpc-retry-pushback-ms") == "-1")
      #expect(answer.trailers.isEmpty == !hasInitial)
      #expect(answer.head["x-first"] == (hasInitial ? "1" : nil))
    }
  }

  @Test func `metadata over 8 KiB is refused, and what was there before is kept`() throws {
    let server = try EmbeddedServer(
      Unary { call in
        let big = Self.metadata(("x", String(repeating: "v", count: 8 * 1024 - 33)))
        do throws(Status) {
          try call.addTrailingMetadata(big)
          try call.addTrailingMetadata(Self.metadata(("y", "")))
          Issue.record("a byte too many was taken")
        } catch {
          #expect(error.code == .internal)
        }
        call.reply([])
      })
    let answer = try server.answer(body: framed([]))
    #expect(answer.trailers["x"]?.count == 8 * 1024 - 33 && answer.trailers["y"] == nil)
  }

  @Test func `a streaming call's metadata goes before its first message and after its last`()
    async throws
  {
    let service = Streaming { call in
      try call.addInitialMetadata(Self.metadata(("x-first", "1")))
      try await call.send(ByteBuffer(bytes: [1]))
      #expect(throws: Status.self) { try call.addInitialMetadata(Self.metadata(("x-late", "1"))) }
      try call.addTrailingMetadata(Self.metadata(("x-last", "2")))
      try await call.send(ByteBuffer(bytes: [2]))
    }
    try await withStreaming(service) { server in
      let answer = try await server.connect().answer("/t.S/M", body: [])
      #expect(answer.head["x-first"] == "1" && answer.head["x-late"] == nil)
      #expect(answer.messages == [[1], [2]])
      #expect(answer.trailers == ["grpc-status": "0", "x-last": "2"])
    }
  }

  @Test func `a streaming call that fails before its first message keeps its metadata`()
    async throws
  {
    let service = Streaming { call in
      try call.addTrailingMetadata(Self.metadata(("x-last", "2")))
      throw Status(.notFound, retryPushback: .after(.milliseconds(1500)))
    }
    try await withStreaming(service) { server in
      let answer = try await server.connect().answer("/t.S/M", body: [])
      #expect(answer.trailers.isEmpty && answer.head["x-last"] == "2" && answer.status == 5)
      #expect(answer.head["grpc-retry-pushback-ms"] == "1500")
    }
  }

  @Test func `how often a client tried before is told`() async throws {
    let unary = try EmbeddedServer(Unary { $0.reply([UInt8($0.previousAttempts)]) })
    for (value, expected) in [("3", 3), ("0", 0), ("-1", 0), ("x", 0), ("99999999999", 0)]
      as [(String, UInt8)]
    {
      let extra = [("grpc-previous-rpc-attempts", value)]
      #expect(try unary.answer("/t.S/M", extra, body: framed([])).messages == [[expected]])
    }
    #expect(try unary.answer(body: framed([])).messages == [[0]])
    let service = Streaming { call in #expect(call.previousAttempts == 2) }
    try await withStreaming(service) { server in
      let extra = [("grpc-previous-rpc-attempts", "2")]
      let client = try await server.connect()
      #expect(try await client.answer("/t.S/M", extra, body: []).status == 0)
    }
  }
}
