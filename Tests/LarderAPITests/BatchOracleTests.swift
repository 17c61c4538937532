import LarderAPI
import ProtobufOracle
import Testing
import Wire

/// As `CacheOracleTests`, for batches. Each is written an element at a time, as a node writes them,
/// and read and written again as the whole.
@Suite struct BatchOracleTests {
  @Test func `GetManyRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (keys, namespace) = (values.list { $0.text() }, values.text())
      let ours = written { output in
        for key in keys { GetManyRequest.encode(key: key.span.bytes, into: &output) }
        GetManyRequest.encode(namespace: namespace.span.bytes, into: &output)
      }
      let theirs = try oracle(ours, larder__v1__get_many_request__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.keys, count: $0.n_keys).map(text)
        return read == keys && text($0.namespace_) == namespace
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(GetManyRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `GetManyResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let results = values.list { (member: $0.below(5), AnyHit(&$0), AnyItemError(&$0)) }
      let ours = written { output in
        for (member, hit, error) in results {
          switch member {
          case 0: GetManyResponse.encode(result: .unset, into: &output)
          case 1:
            let hit = Hit(value: hit.value.span.bytes, info: hit.info)
            GetManyResponse.encode(result: .hit(hit), into: &output)
          case 2: GetManyResponse.encode(result: .miss, into: &output)
          case 3:
            let error = ItemError(
              code: error.code, reason: error.reason.span.bytes, message: error.message.span.bytes)
            GetManyResponse.encode(result: .error(error), into: &output)
          default: GetManyResponse.encode(result: .deferred, into: &output)
          }
        }
      }
      let theirs = try oracle(ours, larder__v1__get_many_response__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.results, count: $0.n_results)
        return read.count == results.count
          && zip(read, results).allSatisfy { result, expected in
            guard let result = result?.pointee else { return false }
            return Int(result.result_case.rawValue) == expected.member
              && (expected.member != 1 || expected.1.equals(result.hit.pointee))
              && (expected.member != 3 || expected.2.equals(result.error.pointee))
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(GetManyResponse.self, theirs) == ours, values.comment)
    }
  }

  @Test func `SetManyRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (items, namespace) = (values.list { AnySetRequest(&$0) }, values.text())
      let ours = written { output in
        for item in items {
          SetManyRequest.encode(item: item.message, into: &output)
        }
        SetManyRequest.encode(namespace: namespace.span.bytes, into: &output)
      }
      let theirs = try oracle(ours, larder__v1__set_many_request__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.items, count: $0.n_items)
        return read.count == items.count && text($0.namespace_) == namespace
          && zip(read, items).allSatisfy { item, expected in
            item.map { expected.equals($0.pointee) } ?? false
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(SetManyRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `SetManyResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let results = values.list {
        let response = SetResponse(isStored: $0.bool(), version: $0.uint64())
        return (member: $0.below(3), response, AnyItemError(&$0))
      }
      let ours = written { output in
        for (member, response, error) in results {
          switch member {
          case 0: SetManyResponse.encode(result: .unset, into: &output)
          case 1: SetManyResponse.encode(result: .ok(response), into: &output)
          default:
            let error = ItemError(
              code: error.code, reason: error.reason.span.bytes, message: error.message.span.bytes)
            SetManyResponse.encode(result: .error(error), into: &output)
          }
        }
      }
      let theirs = try oracle(ours, larder__v1__set_many_response__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.results, count: $0.n_results)
        return read.count == results.count
          && zip(read, results).allSatisfy { result, expected in
            guard let result = result?.pointee else { return false }
            return Int(result.result_case.rawValue) == expected.member
              && (expected.member != 1
                || (result.ok.pointee.stored != 0) == expected.1.isStored
                  && result.ok.pointee.version == expected.1.version)
              && (expected.member != 2 || expected.2.equals(result.error.pointee))
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(SetManyResponse.self, theirs) == ours, values.comment)
    }
  }

  @Test func `DeleteManyRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (keys, namespace) = (values.list { $0.text() }, values.text())
      let ours = written { output in
        for key in keys { DeleteManyRequest.encode(key: key.span.bytes, into: &output) }
        DeleteManyRequest.encode(namespace: namespace.span.bytes, into: &output)
      }
      let theirs = try oracle(ours, larder__v1__delete_many_request__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.keys, count: $0.n_keys).map(text)
        return read == keys && text($0.namespace_) == namespace
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(DeleteManyRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `DeleteManyResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let results = values.list {
        let response = DeleteResponse(isDeleted: $0.bool(), version: $0.uint64())
        return (member: $0.below(3), response, AnyItemError(&$0))
      }
      let ours = written { output in
        for (member, response, error) in results {
          switch member {
          case 0: DeleteManyResponse.encode(result: .unset, into: &output)
          case 1: DeleteManyResponse.encode(result: .ok(response), into: &output)
          default:
            let error = ItemError(
              code: error.code, reason: error.reason.span.bytes, message: error.message.span.bytes)
            DeleteManyResponse.encode(result: .error(error), into: &output)
          }
        }
      }
      let theirs = try oracle(ours, larder__v1__delete_many_response__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.results, count: $0.n_results)
        return read.count == results.count
          && zip(read, results).allSatisfy { result, expected in
            guard let result = result?.pointee else { return false }
            return Int(result.result_case.rawValue) == expected.member
              && (expected.member != 1
                || (result.ok.pointee.deleted != 0) == expected.1.isDeleted
                  && result.ok.pointee.version == expected.1.version)
              && (expected.member != 2 || expected.2.equals(result.error.pointee))
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(DeleteManyResponse.self, theirs) == ours, values.comment)
    }
  }
}
