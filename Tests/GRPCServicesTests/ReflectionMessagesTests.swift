import GRPCServices
import Testing
import Wire

@Suite struct ReflectionMessagesTests {
  private static let requests: [(ReflectionRequest.Query, [UInt8])] = [
    (.unset, []),
    (.fileByFilename("f"), [0x1a, 1, 0x66]),
    (.fileContainingSymbol("s"), [0x22, 1, 0x73]),
    (
      .fileContainingExtension(ExtensionRequest(containingType: "t", number: 7)),
      [0x2a, 5, 0x0a, 1, 0x74, 0x10, 7]
    ),
    (.allExtensionNumbersOfType("t"), [0x32, 1, 0x74]),
    (.listServices(""), [0x3a, 0]),
    (.listServices("*"), [0x3a, 1, 0x2a]),
  ]

  @Test func `each query has its field, behind the host`() throws {
    for (query, bytes) in Self.requests {
      let request = ReflectionRequest(host: "h", query: query)
      let whole = [0x0a, 1, 0x68] + bytes
      #expect(request.serialized() == whole)
      #expect(try ReflectionRequest(decoding: whole.span.bytes) == request)
    }
  }

  @Test func `the last query counts, and an extension that comes twice is merged`() throws {
    let two: [UInt8] = [0x1a, 1, 0x66, 0x3a, 0]
    #expect(try ReflectionRequest(decoding: two.span.bytes).query == .listServices(""))
    let parts: [UInt8] = [0x2a, 3, 0x0a, 1, 0x74, 0x2a, 2, 0x10, 7]
    #expect(
      try ReflectionRequest(decoding: parts.span.bytes).query
        == .fileContainingExtension(ExtensionRequest(containingType: "t", number: 7)))
  }

  @Test func `each answer has its field, behind the host and the request`() {
    let request = ReflectionRequest(host: "h", query: .listServices(""))
    let echo: [UInt8] = [0x0a, 1, 0x68, 0x12, 5, 0x0a, 1, 0x68, 0x3a, 0]
    let answers: [(ReflectionResponse.Answer, [UInt8])] = [
      (.files([[1, 2], []]), [0x22, 6, 0x0a, 2, 1, 2, 0x0a, 0]),
      (.extensionNumbers(baseType: "t", []), [0x2a, 3, 0x0a, 1, 0x74]),
      (
        .extensionNumbers(baseType: "t", [1, 300]),
        [0x2a, 8, 0x0a, 1, 0x74, 0x12, 3, 1, 0xac, 0x02]
      ),
      (.services(["a", "b"]), [0x32, 10, 0x0a, 3, 0x0a, 1, 0x61, 0x0a, 3, 0x0a, 1, 0x62]),
      (.error(code: 5, message: "m"), [0x3a, 5, 0x08, 5, 0x12, 1, 0x6d]),
    ]
    for (answer, bytes) in answers {
      #expect(ReflectionResponse(to: request, answer).serialized() == echo + bytes)
    }
  }
}
