import GRPCServices
import Testing
import Wire

@Suite struct HealthMessagesTests {
  @Test func `a check of the whole server is an empty message`() throws {
    #expect(HealthCheckRequest().serialized() == [])
    #expect(try HealthCheckRequest(decoding: RawSpan()).service == "")
  }

  @Test func `a check of a service names it in field 1`() throws {
    let bytes: [UInt8] = [0x0a, 2, 0x64, 0x62]
    #expect(HealthCheckRequest(service: "db").serialized() == bytes)
    #expect(try HealthCheckRequest(decoding: bytes.span.bytes).service == "db")
  }

  @Test(
    arguments: zip(
      [ServingStatus.unknown, .serving, .notServing, .serviceUnknown],
      [[], [0x08, 1], [0x08, 2], [0x08, 3]] as [[UInt8]]))
  func `each status has its number`(status: ServingStatus, bytes: [UInt8]) throws {
    #expect(HealthCheckResponse(status: status).serialized() == bytes)
    #expect(try HealthCheckResponse(decoding: bytes.span.bytes).status == status)
  }

  @Test func `a list is written in the order of its names, keys and values always`() throws {
    let response = HealthListResponse(statuses: ["b": .serving, "": .notServing, "a": .unknown])
    let bytes: [UInt8] = [
      0x0a, 6, 0x0a, 0, 0x12, 2, 0x08, 2,
      0x0a, 5, 0x0a, 1, 0x61, 0x12, 0,
      0x0a, 7, 0x0a, 1, 0x62, 0x12, 2, 0x08, 1,
    ]
    #expect(response.serialized() == bytes)
    #expect(try HealthListResponse(decoding: bytes.span.bytes) == response)
  }

  @Test func `a list entry without key and value stands for their defaults`() throws {
    let bytes: [UInt8] = [0x0a, 0]
    #expect(try HealthListResponse(decoding: bytes.span.bytes).statuses == ["": .unknown])
  }

  @Test func `unknown fields are skipped and malformed ones refused`() throws {
    let unknown: [UInt8] = [0x50, 1]
    let groups: [UInt8] = [0x0b]
    #expect(try HealthListRequest(decoding: unknown.span.bytes) == HealthListRequest())
    #expect(throws: WireError.groupUnsupported) {
      try HealthListRequest(decoding: groups.span.bytes)
    }
  }
}
