import LarderAPI
import NIOCore
import Testing
import Wire

@testable import larder

@Suite struct RequestWriterTests {
  private static var plan: BenchPlan {
    var plan = BenchPlan(mix: .standard)
    plan.keys = 50
    plan.keySizeBytes = 8
    plan.valueSizesBytes = 0...40
    plan.namespace = "n"
    plan.batch = 3
    return plan
  }

  private static func expectKey(_ bytes: RawSpan, _ letter: Character) {
    let text = String(copyingUTF8: bytes)
    #expect(text.first == letter && text.count == 8 && Int(text.dropFirst()) ?? 50 < 50)
  }

  @Test func `single calls are about one key of the namespace`() throws {
    var writer = RequestWriter(plan: Self.plan, worker: 0)
    var buffer = ByteBuffer()
    for kind in CallKind.allCases where !kind.isBatch {
      let keys = writer.write(kind, into: &buffer)
      #expect(keys == 1)
      let bytes = buffer.readableBytesSpan
      switch kind {
      case .get:
        let request = try GetRequest(decoding: bytes)
        Self.expectKey(request.key, "k")
        let namespace = String(copyingUTF8: request.namespace)
        #expect(namespace == "n")
      case .set:
        let request = try SetRequest(decoding: bytes)
        let number = Int(String(copyingUTF8: request.key).dropFirst()) ?? -1
        let size = request.value.byteCount
        #expect(size == Self.plan.valueSize(of: number))
      case .delete:
        let request = try DeleteRequest(decoding: bytes)
        Self.expectKey(request.key, "k")
      case .increment:
        let request = try IncrementRequest(decoding: bytes)
        Self.expectKey(request.key, "n")
        #expect(request.delta == 1)
      case .touch:
        let request = try TouchRequest(decoding: bytes)
        Self.expectKey(request.key, "k")
      case .getMany, .setMany: break
      }
    }
  }

  @Test func `batches are about as many keys as the plan says`() throws {
    var writer = RequestWriter(plan: Self.plan, worker: 0)
    var buffer = ByteBuffer()
    let asked = writer.write(.getMany, into: &buffer)
    #expect(asked == 3)
    let get = try GetManyRequest(decoding: buffer.readableBytesSpan)
    let count = get.keys.count
    #expect(count == 3)
    let namespace = String(copyingUTF8: get.namespace)
    #expect(namespace == "n")
    // The request above is a view of the first buffer.
    var other = ByteBuffer()
    let stored = writer.write(.setMany, into: &other)
    #expect(stored == 3)
    let items = try SetManyRequest(decoding: other.readableBytesSpan).items.count
    #expect(items == 3)
  }

  @Test func `preloading stores the keys of its range in order`() throws {
    var writer = RequestWriter(plan: Self.plan, worker: 0)
    var buffer = ByteBuffer()
    writer.writePreload(7..<9, into: &buffer)
    var keys: [String] = []
    var items = try SetManyRequest(decoding: buffer.readableBytesSpan).items.makeIterator()
    while let item = items.next() { keys.append(String(copyingUTF8: item.key)) }
    #expect(keys == ["k0000007", "k0000008"])
  }

  @Test func `the same seed and worker make the same calls, another worker others`() {
    func calls(worker: Int) -> [[UInt8]] {
      var writer = RequestWriter(plan: Self.plan, worker: worker)
      var buffer = ByteBuffer()
      return (0..<20).map { _ in
        _ = writer.write(writer.nextKind(), into: &buffer)
        return Array(buffer.readableBytesView)
      }
    }
    #expect(calls(worker: 0) == calls(worker: 0))
    #expect(calls(worker: 0) != calls(worker: 1))
  }
}
