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

  private func randomCluster(_ values: inout RandomValues) -> ClusterStatus {
    var status = ClusterStatus()
    status.epoch = String(decoding: values.text(), as: UTF8.self)
    status.members = values.list { values in
      var member = MemberStatus()
      member.id = String(decoding: values.text(), as: UTF8.self)
      member.address = String(decoding: values.text(), as: UTF8.self)
      member.zone = String(decoding: values.text(), as: UTF8.self)
      member.points = values.uint32()
      member.shareMillionths = values.uint32()
      member.isSelf = values.uint32() % 2 == 0
      member.state = String(decoding: values.text(), as: UTF8.self)
      member.connections = values.uint32()
      member.openCalls = values.uint64()
      member.waitingCalls = values.uint64()
      member.connectFailures = values.uint64()
      member.lastError = String(decoding: values.text(), as: UTF8.self)
      member.suspicions = values.uint64()
      member.membership = String(decoding: values.text(), as: UTF8.self)
      member.incarnation = values.uint64()
      member.version = String(decoding: values.text(), as: UTF8.self)
      member.capacityBytes = values.uint64()
      member.lease = String(decoding: values.text(), as: UTF8.self)
      return member
    }
    status.forwards = values.list { values in
      var forwards = ForwardStatus()
      forwards.method = String(decoding: values.text(), as: UTF8.self)
      forwards.result = String(decoding: values.text(), as: UTF8.self)
      forwards.count = values.uint64()
      return forwards
    }
    status.name = String(decoding: values.text(), as: UTF8.self)
    status.standing = String(decoding: values.text(), as: UTF8.self)
    status.lease = String(decoding: values.text(), as: UTF8.self)
    status.leaseLeftMilliseconds = values.uint64()
    status.etcdFailures = values.uint64()
    if values.bool() {
      var drain = DrainStatus()
      drain.state = String(decoding: values.text(), as: UTF8.self)
      drain.entriesLeft = values.uint64()
      status.drain = drain
    }
    return status
  }

  @Test func `ClusterStatus and what is in it agree with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let status = self.randomCluster(&values)
      let ours = status.serialized()
      let theirs = try oracle(ours, larder__v1__cluster_status__unpack, values.comment) { read in
        let members = UnsafeBufferPointer(start: read.members, count: read.n_members)
        let forwards = UnsafeBufferPointer(start: read.forwards, count: read.n_forwards)
        return text(read.epoch) == Array(status.epoch.utf8)
          && text(read.name) == Array(status.name.utf8)
          && text(read.standing) == Array(status.standing.utf8)
          && text(read.lease) == Array(status.lease.utf8)
          && read.lease_left_ms == status.leaseLeftMilliseconds
          && read.etcd_failures == status.etcdFailures
          && (read.drain == nil) == (status.drain == nil)
          && read.drain.map { text($0.pointee.state) } == status.drain.map { Array($0.state.utf8) }
          && members.count == status.members.count && forwards.count == status.forwards.count
          && zip(members, status.members).allSatisfy { found, expected in
            guard let found = found?.pointee else { return false }
            return text(found.id) == Array(expected.id.utf8)
              && text(found.address) == Array(expected.address.utf8)
              && text(found.zone) == Array(expected.zone.utf8)
              && found.points == expected.points
              && found.share_millionths == expected.shareMillionths
              && (found.is_self != 0) == expected.isSelf
              && text(found.state) == Array(expected.state.utf8)
              && found.connections == expected.connections
              && found.open_calls == expected.openCalls
              && found.waiting_calls == expected.waitingCalls
              && found.connect_failures == expected.connectFailures
              && text(found.last_error) == Array(expected.lastError.utf8)
              && text(found.membership) == Array(expected.membership.utf8)
              && found.incarnation == expected.incarnation
              && text(found.version) == Array(expected.version.utf8)
              && found.capacity_bytes == expected.capacityBytes
          }
          && zip(forwards, status.forwards).allSatisfy { found, expected in
            guard let found = found?.pointee else { return false }
            return text(found.method) == Array(expected.method.utf8)
              && text(found.result) == Array(expected.result.utf8)
              && found.count == expected.count
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try ClusterStatus(decoding: theirs.span.bytes) == status, values.comment)
    }
  }

  @Test func `a cluster in two pieces is one`() throws {
    var first = ClusterStatus()
    first.epoch = "1.2"
    var member = MemberStatus()
    member.id = "a"
    first.members = [member]
    var both = GetStatusResponse()
    both.cluster = first
    var second = GetStatusResponse()
    second.cluster = ClusterStatus()
    second.cluster?.members = [member]
    let read = try GetStatusResponse(
      decoding: (both.serialized() + second.serialized()).span.bytes)
    #expect(read.cluster?.epoch == "1.2" && read.cluster?.members == [member, member])
  }

  @Test func `SnapshotResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      var response = SnapshotResponse()
      response.path = String(decoding: values.text(), as: UTF8.self)
      response.entries = values.uint64()
      response.bytes = values.uint64()
      response.durationMilliseconds = values.uint64()
      let ours = response.serialized()
      let theirs = try oracle(ours, larder__v1__snapshot_response__unpack, values.comment) {
        text($0.path) == Array(response.path.utf8) && $0.entries == response.entries
          && $0.bytes == response.bytes && $0.duration_ms == response.durationMilliseconds
      }
      #expect(theirs == ours, values.comment)
      #expect(try SnapshotResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `GetStatusRequest is empty, for protobuf-c too`() throws {
    let theirs = try oracle([], larder__v1__get_status_request__unpack, "empty") { _ in true }
    #expect(theirs == GetStatusRequest().serialized())
  }
}
