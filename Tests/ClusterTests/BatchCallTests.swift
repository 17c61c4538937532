import GRPC
import LarderAPI
import Testing
import Wire

@testable import Cluster

@Suite struct BatchCallTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// Keys a to e: b and d are another node's, e a third one's.
  private func batch() -> BatchCall {
    let batch = BatchCall(.getMany, keys: 5)
    batch.addOwn(0)
    let (b, d, e, n) = (self.bytes("b"), self.bytes("d"), self.bytes("e"), self.bytes("n"))
    batch.add(1, b.span.bytes, owner: 4)
    batch.addOwn(2)
    batch.add(3, d.span.bytes, owner: 4)
    batch.add(4, e.span.bytes, owner: 2)
    batch.finish(namespace: n.span.bytes)
    return batch
  }

  private func reply(_ results: [String]) throws -> BatchAnswer {
    try BatchAnswer(results.flatMap { [0x0a, UInt8($0.utf8.count)] + Array($0.utf8) })
  }

  private func results(_ batch: BatchCall) -> [String] {
    return (0..<5).map { key in
      if batch.isOwn(key) { return "own" }
      var text = ""
      batch.withResult(
        of: key, { text = $0.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } },
        failed: { text = "failed: \($0.message)" })
      return text
    }
  }

  @Test func `each owner is asked for its keys, in their order, within the namespace`() throws {
    let parts = self.batch().parts
    #expect(parts.map(\.owner) == [4, 2])
    let message = parts[0].message
    let first = try KeyBatchRequest(decoding: message.span.bytes)
    var keys = first.keys.makeIterator()
    var found: [String] = []
    while let key = keys.next() { found.append(String(copyingUTF8: key)) }
    #expect(found == ["b", "d"])
    #expect(String(copyingUTF8: first.namespace) == "n")
    #expect(parts[1].message == [0x0a, 1] + self.bytes("e") + [0x12, 1] + self.bytes("n"))
  }

  @Test func `a key or item of any length is framed as protobuf has it`() throws {
    for count in [0, 1, 127, 128, 16_383, 16_384, 2_100_000] {
      let element = [UInt8](repeating: 7, count: count)
      let batch = BatchCall(.setMany, keys: 1)
      batch.add(0, element.span.bytes, owner: 0)
      batch.finish(namespace: RawSpan())
      let message = batch.parts[0].message
      var reader = WireReader(message.span.bytes)
      let field = try reader.nextField()
      #expect(field?.number == 1)
      if let field { #expect(try reader.bytes(field).byteCount == count) }
      #expect(try reader.nextField() == nil)
    }
  }

  @Test func `results come back in the order of the keys`() throws {
    let batch = self.batch()
    batch.parts[0].outcome = .success(try self.reply(["B", "D"]))
    batch.parts[1].outcome = .success(try self.reply(["E"]))
    #expect(self.results(batch) == ["own", "B", "own", "D", "E"])
  }

  @Test func `an owner that failed fails its keys alone`() throws {
    let batch = self.batch()
    batch.parts[0].outcome = .failure(Status(.unavailable, "gone"))
    batch.parts[1].outcome = .success(try self.reply(["E"]))
    #expect(self.results(batch) == ["own", "failed: gone", "own", "failed: gone", "E"])
  }

  @Test func `an owner that answers fewer keys than it was asked for fails the others`() throws {
    let batch = self.batch()
    batch.parts[0].outcome = .success(try self.reply(["B"]))
    batch.parts[1].outcome = .success(try self.reply([]))
    let results = self.results(batch)
    #expect(results[1] == "B")
    #expect(results[3].hasPrefix("failed") && results[4].hasPrefix("failed"))
  }

  /// A result that refuses its key, as `field` of the result.
  private func refusal(_ reason: String, field: UInt8 = 3) -> [UInt8] {
    let error = [0x08, 9, 0x12, UInt8(reason.utf8.count)] + Array(reason.utf8)
    return [field << 3 | 2, UInt8(error.count)] + error
  }

  private func answer(_ results: [[UInt8]]) throws -> BatchAnswer {
    try BatchAnswer(results.flatMap { [0x0a, UInt8($0.count)] + $0 })
  }

  @Test func `keys that an owner refuses as another's are asked for anew, and no others`() throws {
    let batch = self.batch()
    batch.firstUnsent = 2
    batch.parts[0].outcome = .success(
      try self.answer([[0x0a, 1, 66], self.refusal(ForwardRefusal.wrongOwner)]))
    batch.parts[1].outcome = .success(try self.answer([self.refusal("KEY_EMPTY")]))
    #expect(batch.findRefused())
    batch.reroute()
    // Those of this node are not done yet, and may have moved as well.
    #expect((0..<5).filter { batch.needsOwner($0) } == [0, 2, 3])
    let (a, d) = (self.bytes("a"), self.bytes("d"))
    batch.add(0, a.span.bytes, owner: 4)
    batch.addOwn(2)
    batch.add(3, d.span.bytes, owner: 7)
    batch.finish(namespace: RawSpan())
    #expect(batch.hasUnsent && batch.parts[2...].map(\.owner) == [4, 7])
    #expect(batch.parts[0].message == self.batch().parts[0].message)
    #expect(batch.parts[2].message == [0x0a, 1] + a)
    batch.parts[2].outcome = .success(try self.reply(["A"]))
    batch.parts[3].outcome = .success(try self.reply(["D"]))
    let results = self.results(batch)
    #expect(results[0] == "A" && results[2] == "own" && results[3] == "D")
    #expect(Array(results[1].utf8) == [0x0a, 1, 66] && results[4].contains("KEY_EMPTY"))
  }

  @Test func `keys whose owner left before it did anything are asked for anew`() throws {
    let batch = self.batch()
    batch.firstUnsent = 2
    let left = Result<BatchAnswer, Status>.failure(Status(.unavailable, "it is leaving"))
    for number in 0..<2 { batch.parts[number].outcome = left }
    #expect(!batch.findRefused(), "what is lost for another reason may have been done")
    batch.parts[0].hasMoved = true
    #expect(batch.findRefused())
    batch.reroute()
    #expect((0..<5).filter { batch.needsOwner($0) } == [0, 1, 2, 3])
  }

  @Test(arguments: [CacheMethod.getMany, .setMany, .deleteMany])
  func `a refusal is told from all else that a result may be`(method: CacheMethod) throws {
    let field: UInt8 = method == .getMany ? 3 : 2
    let answer = try self.answer([
      self.refusal(ForwardRefusal.wrongOwner, field: field), [],
      self.refusal("WRONG_OWNERS", field: field), self.refusal(ForwardRefusal.wrongOwner, field: 1),
      [field << 3 | 2, 9, 1], self.refusal("", field: field),
    ])
    #expect(
      (0..<6).map { answer.isWrongOwner($0, of: method) } == [true]
        + Array(repeating: false, count: 5))
  }

  @Test func `bytes that are no reply are refused, fields of newer nodes passed over`() throws {
    #expect(throws: WireError.self) { try BatchAnswer([0x0a, 9, 1]) }
    let answer = try BatchAnswer([0x18, 5, 0x0a, 1, 65, 0x22, 1, 0])
    #expect(answer.results == [4..<5])
  }
}
