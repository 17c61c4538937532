import GRPC
import LarderAPI
import NIOCore
import Synchronization
import Testing

@testable import Cluster

/// What an owner sees of the metadata of another node's client.
@Suite struct PassedMetadataTests {
  /// What comes with a call of peers that is not the client's.
  private static let nodes = [Epoch.metadataName, RoutingTable.fingerprintName].map { "\($0)" }

  /// What `b` sees of a call that `a` forwards, of the client's.
  private func seen(
    _ metadata: Metadata, bytesMax: Int = 4 << 10, _ method: CacheMethod = .get
  ) async throws -> [Metadata.Field] {
    let seen = Mutex<[Metadata.Field]>([])
    try await withNodes {
      $0.metadataMaxBytes = bytesMax
    } _: { a, b in
      #expect(await a.owner(of: keyOfB, method, metadata: metadata) == .success("b"))
      let fields = b.peers.lastMetadata.withLock { $0.fields }
      seen.withLock { $0 = fields.filter { !Self.nodes.contains($0.name) } }
    }
    return seen.withLock { $0 }
  }

  private func metadata(_ fields: [(String, [UInt8])]) -> Metadata {
    var metadata = Metadata()
    for (name, value) in fields { metadata.add(name, bytes: value) }
    return metadata
  }

  @Test(arguments: [CacheMethod.get, .set])
  func `what a client adds of its own reaches the owner as it is`(
    _ method: CacheMethod
  ) async throws {
    let own = self.metadata([
      ("x-request-id", Array("7".utf8)), ("tenant-bin", [0xff, 0, 1]),
      ("x-request-id", Array("8".utf8)),
    ])
    #expect(try await self.seen(own, method) == own.fields)
  }

  @Test func `a trace comes first, and takes nothing from the rest`() async throws {
    let trace = Array("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".utf8)
    let fields = self.metadata([("x-a", [0x31]), ("traceparent", trace), ("tracestate", [0x32])])
    let seen = try await self.seen(fields, bytesMax: 36)
    #expect(seen.map(\.name) == ["traceparent", "tracestate", "x-a"])
  }

  @Test func `credentials, and what is Larder's own, are not passed on`() async throws {
    let fields = self.metadata([
      ("authorization", Array("Bearer secret".utf8)), ("proxy-authorization", [0x31]),
      ("larder-epoch-of-mine", [0x31]), ("x-a", [0x31]),
    ])
    #expect(try await self.seen(fields).map(\.name) == ["x-a"])
  }

  @Test func `what does not fit into forward-metadata-max is left out`() async throws {
    let fields = self.metadata([
      ("x-a", [0x31]), ("x-long", [UInt8](repeating: 0x31, count: 100)), ("x-b-bin", [1, 2, 3]),
    ])
    // 3 + 1 + 32 bytes, 138, and 7 + 4 + 32.
    #expect(try await self.seen(fields, bytesMax: 36 + 43).map(\.name) == ["x-a", "x-b-bin"])
    #expect(try await self.seen(fields, bytesMax: 36 + 42).map(\.name) == ["x-a"])
    #expect(try await self.seen(fields, bytesMax: 0).isEmpty)
    #expect(try await self.seen(fields, bytesMax: 217).count == 3)
  }

  @Test func `more fields than peers may take are left out`() async throws {
    let many = self.metadata((0..<80).map { ("x-\($0)", [0x31]) })
    #expect(try await self.seen(many) == Array(many.fields.prefix(64)))
  }
}
