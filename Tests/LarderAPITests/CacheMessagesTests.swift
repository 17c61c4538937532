import LarderAPI
import Testing
import Wire

/// Rules of protobuf and of our proto files that random messages do not reach, by spelled bytes.
@Suite struct CacheMessagesTests {
  @Test func `a Get for "k" in the namespace "n" is six bytes`() throws {
    let bytes: [UInt8] = [0x0a, 0x01, 0x6b, 0x12, 0x01, 0x6e]
    let request = try GetRequest(decoding: bytes.span.bytes)
    #expect(String(copyingUTF8: request.key) == "k")
    #expect(String(copyingUTF8: request.namespace) == "n")
    #expect(try reencoded(GetRequest.self, bytes) == bytes)
  }

  @Test func `an empty request has an empty key and the default namespace`() throws {
    let request = try GetRequest(decoding: RawSpan())
    let (key, namespace) = (request.key.byteCount, request.namespace.byteCount)
    #expect(key == 0 && namespace == 0)
  }

  @Test func `a key that is not UTF-8 is refused`() {
    #expect(throws: WireError.notUTF8) { try reencoded(GetRequest.self, [0x0a, 0x01, 0xff]) }
  }

  @Test func `a key of a batch that is not UTF-8 is left to the node, which refuses it alone`()
    throws
  {
    #expect(try reencoded(GetManyRequest.self, [0x0a, 0x01, 0xff]) == [0x0a, 0x01, 0xff])
    #expect(try reencoded(DeleteManyRequest.self, [0x0a, 0x01, 0xff]) == [0x0a, 0x01, 0xff])
  }

  @Test func `of a key that comes twice the last one counts`() throws {
    let twice: [UInt8] = [0x0a, 0x01, 0x61, 0x0a, 0x01, 0x62]
    #expect(try reencoded(GetRequest.self, twice) == [0x0a, 0x01, 0x62])
  }

  @Test func `fields of a newer peer are skipped, inside a miss too`() throws {
    let request: [UInt8] = [0x0a, 0x01, 0x61, 0xf8, 0x07, 0x01]
    #expect(try reencoded(GetRequest.self, request) == [0x0a, 0x01, 0x61])
    #expect(try reencoded(GetResponse.self, [0x12, 0x02, 0x08, 0x01]) == [0x12, 0x00])
  }

  @Test func `a later member of a oneof replaces an earlier one`() throws {
    // Hit with version 5, then miss; and the other way round.
    #expect(try reencoded(GetResponse.self, [0x0a, 2, 0x10, 5, 0x12, 0]) == [0x12, 0])
    #expect(try reencoded(GetResponse.self, [0x12, 0, 0x0a, 2, 0x10, 5]) == [0x0a, 2, 0x10, 5])
    // Hit, miss, hit: the first hit is gone and is not merged.
    let thrice: [UInt8] = [0x0a, 2, 0x10, 5, 0x12, 0, 0x0a, 2, 0x20, 1]
    #expect(try reencoded(GetResponse.self, thrice) == [0x0a, 2, 0x20, 1])
  }

  @Test func `the same member of a oneof twice is merged`() throws {
    // Value "x" and version 5, then version 6 and flags 1.
    let hits: [UInt8] = [0x0a, 5, 0x0a, 1, 0x78, 0x10, 5, 0x0a, 4, 0x10, 6, 0x20, 1]
    let merged: [UInt8] = [0x0a, 7, 0x0a, 1, 0x78, 0x10, 6, 0x20, 1]
    #expect(try reencoded(GetResponse.self, hits) == merged)
    #expect(try reencoded(GetResult.self, hits) == merged)
    // Code 3, then reason "r".
    let errors: [UInt8] = [0x12, 2, 0x08, 3, 0x12, 3, 0x12, 1, 0x72]
    #expect(try reencoded(SetResult.self, errors) == [0x12, 5, 0x08, 3, 0x12, 1, 0x72])
    #expect(try reencoded(DeleteResult.self, errors) == [0x12, 5, 0x08, 3, 0x12, 1, 0x72])
    // Stored, then version 9.
    let responses: [UInt8] = [0x0a, 2, 0x08, 1, 0x0a, 2, 0x10, 9]
    #expect(try reencoded(SetResult.self, responses) == [0x0a, 4, 0x08, 1, 0x10, 9])
    #expect(try reencoded(DeleteResult.self, responses) == [0x0a, 4, 0x08, 1, 0x10, 9])
  }

  @Test func `the last member of an expiry counts, and no_expiry false means unset`() throws {
    func expiry(_ bytes: [UInt8]) throws -> Expiry {
      try SetRequest(decoding: bytes.span.bytes).expiry
    }
    #expect(try expiry([]) == .namespaceDefault)
    #expect(try expiry([0x20, 0x00]) == .after(milliseconds: 0))
    #expect(try expiry([0x20, 0x05, 0x50, 0x01]) == .never)
    #expect(try expiry([0x50, 0x01, 0x20, 0x05]) == .after(milliseconds: 5))
    #expect(try expiry([0x20, 0x05, 0x50, 0x00]) == .namespaceDefault)
  }

  @Test func `the last member of a condition counts, and false means unset`() throws {
    func condition(_ bytes: [UInt8]) throws -> Condition {
      try SetRequest(decoding: bytes.span.bytes).condition
    }
    #expect(try condition([]) == .always)
    #expect(try condition([0x30, 0x01]) == .ifAbsent)
    #expect(try condition([0x38, 0x01]) == .ifPresent)
    #expect(try condition([0x40, 0x00]) == .ifVersion(0))
    #expect(try condition([0x30, 0x01, 0x40, 0x07]) == .ifVersion(7))
    #expect(try condition([0x40, 0x07, 0x30, 0x00]) == .always)
    #expect(try condition([0x40, 0x07, 0x38, 0x00]) == .always)
  }

  @Test func `enum values of a newer peer are kept`() throws {
    #expect(try reencoded(SetRequest.self, [0x48, 0x63]) == [0x48, 0x63])
    #expect(try reencoded(Hit.self, [0x28, 0x63]) == [0x28, 0x63])
  }

  @Test func `keys of a batch are iterated over in order, other fields between them`() throws {
    let bytes: [UInt8] = [0x0a, 1, 0x61, 0x12, 1, 0x6e, 0x0a, 0, 0xf8, 0x07, 0x01, 0x0a, 1, 0x62]
    let request = try GetManyRequest(decoding: bytes.span.bytes)
    let count = request.keys.count
    #expect(count == 3)
    var found: [String] = []
    var keys = request.keys.makeIterator()
    while let key = keys.next() { found.append(String(copyingUTF8: key)) }
    let isAtEnd = keys.next() == nil
    #expect(found == ["a", "", "b"] && isAtEnd)
  }

  @Test func `a batch with one malformed item is refused whole`() {
    // A second item whose key is cut short; a result that is a hit with a bad wire type.
    #expect(throws: WireError.truncated) {
      try reencoded(SetManyRequest.self, [0x0a, 3, 0x0a, 1, 0x61, 0x0a, 2, 0x0a, 1])
    }
    #expect(throws: WireError.wireTypeMismatch) {
      try reencoded(GetManyResponse.self, [0x0a, 4, 0x0a, 2, 0x08, 1])
    }
  }

  @Test func `a request cut at each offset is refused or is a shorter one, and never traps`() {
    let whole: [UInt8] = [
      0x0a, 2, 0xc3, 0xa4, 0x12, 1, 0xff, 0x1a, 1, 0x6e, 0x20, 0x80, 0x01, 0x28, 7, 0x40, 9,
      0x48, 1,
    ]
    var accepted: [Int] = []
    for count in 0...whole.count {
      let bytes = Array(whole.prefix(count))
      do {
        #expect(try reencoded(SetRequest.self, bytes) == bytes)
        accepted.append(count)
      } catch {
        #expect(error as? WireError == .truncated)
      }
    }
    #expect(accepted == [0, 4, 7, 10, 13, 15, 17, 19])
  }
}
