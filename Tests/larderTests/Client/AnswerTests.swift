import ArgumentParser
import GRPC
import LarderAPI
import NIOCore
import Testing
import Wire

@testable import larder

/// What commands make of answers, and of calls that failed.
@Suite struct AnswerTests {
  @Test func `a failure is the code, the message and the reason`() {
    let status = Status(
      .notFound, #"namespace "x" is not configured"#, info: ErrorInfo(reason: "NAMESPACE_UNKNOWN"))
    let failure = CommandFailure(status)
    #expect(failure.message == #"NOT_FOUND: namespace "x" is not configured (NAMESPACE_UNKNOWN)"#)
    #expect(failure.exit.rawValue == 70)
  }

  @Test(arguments: StatusCode.allCases)
  func `only a node that does not answer exits with 69`(code: StatusCode) {
    let expected: Int32 = code == .unavailable || code == .deadlineExceeded ? 69 : 70
    #expect(CommandFailure(Status(code, "")).exit.rawValue == expected)
  }

  @Test func `a node that says why it does not serve has answered`() {
    let status = Status(.unavailable, "no lease", info: ErrorInfo(reason: "ISOLATED"))
    #expect(CommandFailure(status).exit.rawValue == 70)
  }

  @Test func `a hit is its value and what stands beside it`() throws {
    let info = HitInfo(version: 5, ttlMilliseconds: 9, flags: 3)
    let value: [UInt8] = [0xff, 0x00]
    let bytes = GetResponse.hit(Hit(value: value.span.bytes, info: info)).serialized()
    let entry = try GetCommand.entry(in: ByteBuffer(bytes: bytes))
    #expect(entry?.value == value)
    #expect(entry?.info == info)
  }

  @Test func `a miss is nil, and an answer of an unknown kind an error`() throws {
    #expect(try GetCommand.entry(in: ByteBuffer(bytes: GetResponse.miss.serialized())) == nil)
    #expect(throws: NodeClient.unknownAnswer) { try GetCommand.entry(in: ByteBuffer()) }
  }

  @Test func `bytes that are no message are an error of the node`() {
    // Field 1, length 5, and one byte only.
    let failure = #expect(throws: CommandFailure.self) {
      try GetCommand.entry(in: ByteBuffer(bytes: [0x0a, 0x05, 0x00]))
    }
    #expect(failure?.exit == ExitStatus.refused)
  }

  @Test func `an entry in JSON has its version as text, and bytes that are no UTF-8 as base64`() {
    let info = HitInfo(version: 117_652_126_314_856_448, ttlMilliseconds: 10, flags: 2)
    #expect(
      GetCommand.json(key: "k", value: Array("v\"".utf8), info: info).description
        == #"{"key":"k","value":"v\"","version":"117652126314856448","ttl_ms":10,"flags":2}"#)
    #expect(
      GetCommand.json(key: "k", value: [0xff, 0xfe], info: HitInfo()).description
        == #"{"key":"k","value_base64":"//4=","version":"0","ttl_ms":null,"flags":0}"#)
  }

  @Test func `a condition that did not hold says what is there`() {
    #expect(SetCommand.refusal(condition: .ifAbsent, version: 4).hasSuffix("with version 4"))
    #expect(
      SetCommand.refusal(condition: .ifVersion(3), version: 4)
        == "not stored: the entry has version 4, not 3")
    #expect(
      SetCommand.refusal(condition: .ifVersion(3), version: 0)
        == "not stored: there is no entry under the key, so none has version 3")
    #expect(
      SetCommand.refusal(condition: .ifPresent, version: 0)
        == "not stored: there is no entry under the key")
  }

  @Test func `a delete of several keys names each that failed`() throws {
    let bytes = Results().serialized()
    let outcome = try DeleteCommand.outcomes(of: ["a", "b", "c"], in: ByteBuffer(bytes: bytes))
    #expect(outcome.deleted == 1)
    #expect(
      outcome.failures == [
        CommandFailure("no entry under \"b\"", exit: ExitStatus.notMet),
        CommandFailure("\"c\": too long (KEY_TOO_LONG)", exit: ExitStatus.refused),
      ])
    #expect(throws: NodeClient.unknownAnswer) {
      try DeleteCommand.outcomes(of: ["a", "b"], in: ByteBuffer(bytes: bytes))
    }
  }

  @Test func `a delete of several keys sends them in order`() throws {
    let bytes = DeleteCommand.request(keys: ["a", "bc"], namespace: "n")
    #expect(bytes == [0x0a, 1, 0x61, 0x0a, 2, 0x62, 0x63, 0x12, 1, 0x6e])
  }
}

/// The answer to a DeleteMany of three keys: deleted, absent, failed.
private struct Results: WireMessage {
  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    DeleteManyResponse.encode(
      result: .ok(DeleteResponse(isDeleted: true, version: 1)), into: &sink)
    DeleteManyResponse.encode(result: .ok(DeleteResponse()), into: &sink)
    let error = ItemError(
      code: 3, reason: "KEY_TOO_LONG".utf8Span.span.bytes, message: "too long".utf8Span.span.bytes)
    DeleteManyResponse.encode(result: .error(error), into: &sink)
  }
}
