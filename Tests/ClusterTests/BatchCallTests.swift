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
    batch.addOwn()
    let (b, d, e, n) = (self.bytes("b"), self.bytes("d"), self.bytes("e"), self.bytes("n"))
    batch.add(b.span.bytes, owner: 4)
    batch.addOwn()
    batch.add(d.span.bytes, owner: 4)
    batch.add(e.span.bytes, owner: 2)
    batch.finish(namespace: n.span.bytes)
    return batch
  }

  private func reply(_ results: [String]) throws -> BatchAnswer {
    try BatchAnswer(results.flatMap { [0x0a, UInt8($0.utf8.count)] + Array($0.utf8) })
  }

  private func results(_ batch: BatchCall) -> [String] {
    batch.start()
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
      batch.add(element.span.bytes, owner: 0)
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

  @Test func `bytes that are no reply are refused, fields of newer nodes passed over`() throws {
    #expect(throws: WireError.self) { try BatchAnswer([0x0a, 9, 1]) }
    let answer = try BatchAnswer([0x18, 5, 0x0a, 1, 65, 0x22, 1, 0])
    #expect(answer.results == [4..<5])
  }
}
