import LarderAPI
import ProtobufOracle
import Testing
import Wire

/// Random messages: protobuf-c reads what our codec wrote, field by field, and writes the same
/// bytes; and our codec reads those and writes them again.
@Suite struct CacheOracleTests {
  @Test func `GetRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (key, namespace) = (values.text(), values.text())
      let ours = GetRequest(key: key.span.bytes, namespace: namespace.span.bytes).serialized()
      let theirs = try oracle(ours, larder__v1__get_request__unpack, values.comment) {
        text($0.key) == key && text($0.namespace_) == namespace
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(GetRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `GetResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (hit, member) = (AnyHit(&values), values.below(3))
      let ours =
        switch member {
        case 0: GetResponse.unset.serialized()
        case 1: GetResponse.hit(Hit(value: hit.value.span.bytes, info: hit.info)).serialized()
        default: GetResponse.miss.serialized()
        }
      let theirs = try oracle(ours, larder__v1__get_response__unpack, values.comment) {
        Int($0.result_case.rawValue) == member && (member != 1 || hit.equals($0.hit.pointee))
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(GetResponse.self, theirs) == ours, values.comment)
    }
  }

  @Test func `SetRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let request = AnySetRequest(&values)
      let ours = request.message.serialized()
      let theirs = try oracle(
        ours, larder__v1__set_request__unpack, values.comment, request.equals)
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(SetRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `SetResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let response = SetResponse(isStored: values.bool(), version: values.uint64())
      let ours = response.serialized()
      let theirs = try oracle(ours, larder__v1__set_response__unpack, values.comment) {
        ($0.stored != 0) == response.isStored && $0.version == response.version
      }
      #expect(theirs == ours, values.comment)
      #expect(try SetResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `DeleteRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (key, namespace, version) = (values.text(), values.text(), values.uint64())
      let ours = DeleteRequest(
        key: key.span.bytes, namespace: namespace.span.bytes, ifVersion: version
      ).serialized()
      let theirs = try oracle(ours, larder__v1__delete_request__unpack, values.comment) {
        text($0.key) == key && text($0.namespace_) == namespace && $0.if_version == version
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(DeleteRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `DeleteResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let response = DeleteResponse(isDeleted: values.bool(), version: values.uint64())
      let ours = response.serialized()
      let theirs = try oracle(ours, larder__v1__delete_response__unpack, values.comment) {
        ($0.deleted != 0) == response.isDeleted && $0.version == response.version
      }
      #expect(theirs == ours, values.comment)
      #expect(try DeleteResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `IncrementRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (key, namespace) = (values.text(), values.text())
      let (delta, initial, expiry) = (values.int64(), values.int64(), AnyExpiry(&values))
      let ours = IncrementRequest(
        key: key.span.bytes, delta: delta, namespace: namespace.span.bytes, initial: initial,
        expiry: expiry.expiry
      ).serialized()
      let theirs = try oracle(ours, larder__v1__increment_request__unpack, values.comment) {
        text($0.key) == key && text($0.namespace_) == namespace && $0.delta == delta
          && $0.initial == initial
          && expiry.equals(
            member: $0.expiry_case.rawValue, ttlField: 5, ttl: $0.ttl_ms, noExpiry: $0.no_expiry)
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(IncrementRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `IncrementResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let response = IncrementResponse(value: values.int64(), version: values.uint64())
      let ours = response.serialized()
      let theirs = try oracle(ours, larder__v1__increment_response__unpack, values.comment) {
        $0.value == response.value && $0.version == response.version
      }
      #expect(theirs == ours, values.comment)
      #expect(try IncrementResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `TouchRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (key, namespace, expiry) = (values.text(), values.text(), AnyExpiry(&values))
      let ours = TouchRequest(
        key: key.span.bytes, namespace: namespace.span.bytes, expiry: expiry.expiry
      ).serialized()
      let theirs = try oracle(ours, larder__v1__touch_request__unpack, values.comment) {
        text($0.key) == key && text($0.namespace_) == namespace
          && expiry.equals(
            member: $0.expiry_case.rawValue, ttlField: 3, ttl: $0.ttl_ms, noExpiry: $0.no_expiry)
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(TouchRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `TouchResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let response = TouchResponse(isFound: values.bool(), version: values.uint64())
      let ours = response.serialized()
      let theirs = try oracle(ours, larder__v1__touch_response__unpack, values.comment) {
        ($0.found != 0) == response.isFound && $0.version == response.version
      }
      #expect(theirs == ours, values.comment)
      #expect(try TouchResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }
}
