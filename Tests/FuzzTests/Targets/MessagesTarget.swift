import Etcd
import GRPCServices
import LarderAPI
import Wire

extension FuzzTarget {
  /// Every hand-written message. The first byte of an input chooses one; what it takes from the rest
  /// must be written and read again as the same bytes.
  static let messages = FuzzTarget(
    name: "messages",
    seeds: (0..<codecs.count).map { [UInt8($0), 0x0a, 0x03, 0x61, 0x62, 0x63, 0x10, 0x01] }
  ) { input in
    guard let choice = input.first else { return }
    let codec = codecs[Int(choice) % codecs.count]
    guard let once = codec(Array(input.dropFirst())) else { return }
    precondition(codec(once) == once, "what was read is written, and read, as the same")
  }

  private static let codecs: [@Sendable ([UInt8]) -> [UInt8]?] = [
    { written(GetRequest.self, $0) }, { written(GetResponse.self, $0) },
    { written(GetManyRequest.self, $0) }, { written(GetManyResponse.self, $0) },
    { written(SetRequest.self, $0) }, { written(SetResponse.self, $0) },
    { written(SetManyRequest.self, $0) }, { written(SetManyResponse.self, $0) },
    { written(DeleteRequest.self, $0) }, { written(DeleteResponse.self, $0) },
    { written(DeleteManyRequest.self, $0) }, { written(DeleteManyResponse.self, $0) },
    { written(IncrementRequest.self, $0) }, { written(IncrementResponse.self, $0) },
    { written(TouchRequest.self, $0) }, { written(TouchResponse.self, $0) },
    { written(GetStatusRequest.self, $0) }, { written(GetStatusResponse.self, $0) },
    { written(Hit.self, $0) }, { written(GetResult.self, $0) }, { written(SetResult.self, $0) },
    { written(DeleteResult.self, $0) }, { written(ItemError.self, $0) },
    { written(HealthCheckRequest.self, $0) }, { written(HealthCheckResponse.self, $0) },
    { written(HealthListRequest.self, $0) }, { written(HealthListResponse.self, $0) },
    { written(ReflectionRequest.self, $0) }, { written(ExtensionRequest.self, $0) },
    { written(RangeRequest.self, $0) }, { written(RangeResponse.self, $0) },
    { written(PutRequest.self, $0) }, { written(PutResponse.self, $0) },
    { written(DeleteRangeRequest.self, $0) }, { written(DeleteRangeResponse.self, $0) },
    { written(Transaction.self, $0) }, { written(TransactionResponse.self, $0) },
    { written(WatchEvent.self, $0) }, { written(LeaseGrantResponse.self, $0) },
    { written(LeaseKeepAliveResponse.self, $0) }, { written(LeaseTimeToLiveResponse.self, $0) },
    { written(MemberListResponse.self, $0) }, { written(Etcd.MemberStatus.self, $0) },
    { written(LarderAPI.MemberStatus.self, $0) },
    { written(SealRequest.self, $0) }, { written(SealResponse.self, $0) },
    { written(FetchRequest.self, $0) }, { written(FetchResponse.self, $0) },
    { written(MigrateRequest.self, $0) }, { written(MigrateResponse.self, $0) },
    { written(ReportResponse.self, $0) }, { written(EmptyMessage.self, $0) },
    { written(MigrationsStatus.self, $0) }, { written(DrainRequest.self, $0) },
    { written(DrainStatus.self, $0) }, { written(PlanRequest.self, $0) },
    { written(PlanResponse.self, $0) }, { written(SteerMigrationsRequest.self, $0) },
    { written(SteerMigrationsResponse.self, $0) }, { written(SetWeightRequest.self, $0) },
    { written(SetWeightResponse.self, $0) }, { written(ClusterStatus.self, $0) },
    { written(SnapshotResponse.self, $0) }, { written(NamespaceChange.self, $0) },
    { written(DescribeNamespacesRequest.self, $0) },
    { written(DescribeNamespacesResponse.self, $0) },
    { written(FlushNamespaceRequest.self, $0) }, { written(FlushNamespaceResponse.self, $0) },
  ]

  /// Nil where the bytes are refused.
  private static func written<Message: WireMessage & WireDecodable & ~Escapable>(
    _ type: Message.Type, _ bytes: [UInt8]
  ) -> [UInt8]? {
    do throws(WireError) {
      return try Message(decoding: bytes.span.bytes).serialized()
    } catch {
      return nil
    }
  }
}
