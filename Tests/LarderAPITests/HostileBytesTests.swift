import LarderAPI
import Testing
import Wire

/// Bytes that no honest peer sends: each message is refused, or read as something that can be written
/// and read again. In particular a batch that was accepted can be iterated over without a trap.
@Suite struct HostileBytesTests {
  private static let codecs: [@Sendable ([UInt8]) throws -> [UInt8]] = [
    { try reencoded(GetRequest.self, $0) }, { try reencoded(GetResponse.self, $0) },
    { try reencoded(GetManyRequest.self, $0) }, { try reencoded(GetManyResponse.self, $0) },
    { try reencoded(SetRequest.self, $0) }, { try reencoded(SetResponse.self, $0) },
    { try reencoded(SetManyRequest.self, $0) }, { try reencoded(SetManyResponse.self, $0) },
    { try reencoded(DeleteRequest.self, $0) }, { try reencoded(DeleteResponse.self, $0) },
    { try reencoded(DeleteManyRequest.self, $0) }, { try reencoded(DeleteManyResponse.self, $0) },
    { try reencoded(IncrementRequest.self, $0) }, { try reencoded(IncrementResponse.self, $0) },
    { try reencoded(TouchRequest.self, $0) }, { try reencoded(TouchResponse.self, $0) },
    { try reencoded(GetStatusRequest.self, $0) }, { try reencoded(GetStatusResponse.self, $0) },
    { try reencoded(MigrationsStatus.self, $0) }, { try reencoded(DrainRequest.self, $0) },
    { try reencoded(SteerMigrationsRequest.self, $0) }, { try reencoded(DrainStatus.self, $0) },
    { try reencoded(SteerMigrationsResponse.self, $0) },
    { try reencoded(PlanRequest.self, $0) }, { try reencoded(PlanResponse.self, $0) },
    { try reencoded(SetWeightRequest.self, $0) }, { try reencoded(SetWeightResponse.self, $0) },
    { try reencoded(SealRequest.self, $0) }, { try reencoded(SealResponse.self, $0) },
    { try reencoded(FetchRequest.self, $0) }, { try reencoded(FetchResponse.self, $0) },
    { try reencoded(MigrateRequest.self, $0) }, { try reencoded(MigrateResponse.self, $0) },
  ]

  /// Well-formed messages to damage: requests and results, nested in a field that batches have too.
  private func message(_ values: inout RandomValues) -> [UInt8] {
    written { output in
      for _ in 0..<1 + values.below(3) {
        switch values.below(4) {
        case 0:
          SetManyRequest.encode(item: AnySetRequest(&values).message, into: &output)
        case 1:
          let hit = AnyHit(&values)
          let whole = Hit(value: hit.value.span.bytes, info: hit.info)
          GetManyResponse.encode(result: .hit(whole), into: &output)
        case 2:
          let error = AnyItemError(&values)
          let whole = ItemError(
            code: error.code, reason: error.reason.span.bytes, message: error.message.span.bytes)
          SetManyResponse.encode(result: .error(whole), into: &output)
        default:
          output.append(bytes: AnySetRequest(&values).message.serialized().span.bytes)
        }
      }
    }
  }

  @Test func `a damaged message is refused or read, and what was read stays the same`() {
    var values = RandomValues()
    var understood = 0
    var refused = 0
    for _ in 0..<oracleRounds {
      values.nextRound()
      var bytes = self.message(&values)
      for _ in 0..<values.below(4) where !bytes.isEmpty {
        switch values.below(3) {
        case 0: bytes[values.below(bytes.count)] = UInt8(values.below(256))
        case 1: bytes.remove(at: values.below(bytes.count))
        default: bytes.insert(UInt8(values.below(256)), at: values.below(bytes.count))
        }
      }
      for codec in Self.codecs {
        do {
          let once = try codec(bytes)
          #expect(try codec(once) == once, values.comment)
          understood += 1
        } catch {
          #expect(error is WireError, values.comment)
          refused += 1
        }
      }
    }
    #expect(understood > 1_000 && refused > 1_000, values.comment)
  }
}
