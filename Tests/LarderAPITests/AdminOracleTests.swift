import LarderAPI
import ProtobufOracle
import Testing
import Wire

@Suite struct AdminOracleTests {
  private func randomNamespace(_ values: inout RandomValues) -> NamespaceStatus {
    var status = NamespaceStatus()
    status.name = String(decoding: values.text(), as: UTF8.self)
    status.entries = values.uint64()
    status.bytes = values.uint64()
    status.hits = values.uint64()
    status.misses = values.uint64()
    status.writes = values.uint64()
    status.deletes = values.uint64()
    status.evictions = values.uint64()
    status.expirations = values.uint64()
    return status
  }

  private func equals(_ read: Larder__V1__NamespaceStatus, _ status: NamespaceStatus) -> Bool {
    text(read.name) == Array(status.name.utf8) && read.entries == status.entries
      && read.bytes == status.bytes && read.hits == status.hits && read.misses == status.misses
      && read.writes == status.writes && read.deletes == status.deletes
      && read.evictions == status.evictions && read.expirations == status.expirations
  }

  @Test func `GetStatusResponse and NamespaceStatus agree with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      var status = GetStatusResponse()
      status.nodeID = String(decoding: values.text(), as: UTF8.self)
      status.version = String(decoding: values.text(), as: UTF8.self)
      status.uptimeMilliseconds = values.uint64()
      status.processID = values.uint32()
      status.eventLoops = values.uint32()
      status.cpuTimeMicroseconds = values.uint64()
      status.residentBytes = values.uint64()
      status.memoryLimitBytes = values.uint64()
      status.memoryUsedBytes = values.uint64()
      status.connections = values.uint64()
      status.namespaces = values.list { self.randomNamespace(&$0) }
      let ours = status.serialized()
      let theirs = try oracle(ours, larder__v1__get_status_response__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.namespaces, count: $0.n_namespaces)
        return text($0.node_id) == Array(status.nodeID.utf8)
          && text($0.version) == Array(status.version.utf8)
          && $0.uptime_ms == status.uptimeMilliseconds && $0.process_id == status.processID
          && $0.event_loops == status.eventLoops && $0.cpu_time_us == status.cpuTimeMicroseconds
          && $0.resident_bytes == status.residentBytes
          && $0.memory_limit_bytes == status.memoryLimitBytes
          && $0.memory_used_bytes == status.memoryUsedBytes
          && $0.connections == status.connections && read.count == status.namespaces.count
          && zip(read, status.namespaces).allSatisfy { namespace, expected in
            namespace.map { self.equals($0.pointee, expected) } ?? false
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try GetStatusResponse(decoding: theirs.span.bytes) == status, values.comment)
    }
  }

  @Test func `GetStatusRequest is empty, for protobuf-c too`() throws {
    let theirs = try oracle([], larder__v1__get_status_request__unpack, "empty") { _ in true }
    #expect(theirs == GetStatusRequest().serialized())
  }
}
