import ProtobufOracle
import Testing
import Wire

@testable import Etcd

/// As `KeyValueOracleTests`, for all other messages.
@Suite struct StreamOracleTests {
  private let header = KeyValueOracleTests.header

  @Test func `what a client says on a watch stream`() throws {
    var create = WatchCreateRequest(KeyRange(start: [1], end: [2]))
    (create.startRevision, create.id) = (3, WireWatchID(rawValue: -7))
    for isFirst in [true, false] {
      (create.wantsPrevious, create.takesFragments) = (isFirst, !isFirst)
      try judge(WatchRequest.create(create), etcdserverpb__watch_request__unpack) {
        guard let read = $0.create_request?.pointee else { return false }
        return $0.request_union_case == ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST
          && data(read.key) == [1] && data(read.range_end) == [2] && read.start_revision == 3
          && read.watch_id == -7 && (read.prev_kv == 1) == isFirst
          && (read.fragment == 1) == !isFirst && read.progress_notify == 0
      }
    }
    let cancel = WatchRequest.cancel(WireWatchID(rawValue: 9))
    try judge(cancel, etcdserverpb__watch_request__unpack) {
      $0.request_union_case == ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CANCEL_REQUEST
        && $0.cancel_request?.pointee.watch_id == 9
    }
    try judge(WatchRequest.progress, etcdserverpb__watch_request__unpack) {
      $0.request_union_case == ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_PROGRESS_REQUEST
    }
    try judge(WatchRequest.none, etcdserverpb__watch_request__unpack) {
      $0.request_union_case == ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION__NOT_SET
    }
  }

  @Test func `what etcd says on a watch stream`() throws {
    for index in 0..<3 {
      var response = WatchResponse()
      response.header = header
      (response.id, response.compactRevision) = (WireWatchID(rawValue: -1), 5)
      response.cancelReason = "nöt"
      response.isCreated = index == 0
      response.isCancelled = index == 1
      response.isFragment = index == 2
      response.events = [WatchEvent(), WatchEvent()]
      try judge(response, etcdserverpb__watch_response__unpack) {
        $0.watch_id == -1 && $0.compact_revision == 5 && text($0.cancel_reason) == "nöt"
          && [$0.created, $0.canceled, $0.fragment] == (0..<3).map { $0 == index ? 1 : 0 }
          && $0.n_events == 2 && $0.header?.pointee.raft_term == 3
      }
    }
  }

  @Test func `leases`() throws {
    let id = LeaseID(rawValue: 0x7fff_ffff_ffff_fff0)
    try judge(
      LeaseGrantRequest(ttlSeconds: -1, id: id), etcdserverpb__lease_grant_request__unpack
    ) { $0.ttl == -1 && $0.id == id.rawValue }
    var granted = LeaseGrantResponse()
    (granted.header, granted.id, granted.ttlSeconds, granted.error) = (header, id, 3, "e")
    try judge(granted, etcdserverpb__lease_grant_response__unpack) {
      $0.id == id.rawValue && $0.ttl == 3 && text($0.error) == "e" && $0.header != nil
    }
    try judge(LeaseRequest(id), etcdserverpb__lease_revoke_request__unpack) {
      $0.id == id.rawValue
    }
    try judge(LeaseRequest(id), etcdserverpb__lease_keep_alive_request__unpack) {
      $0.id == id.rawValue
    }
    var revoked = LeaseRevokeResponse()
    revoked.header = header
    try judge(revoked, etcdserverpb__lease_revoke_response__unpack) { $0.header != nil }
    var alive = LeaseKeepAliveResponse()
    (alive.header, alive.id, alive.ttlSeconds) = (header, id, 4)
    try judge(alive, etcdserverpb__lease_keep_alive_response__unpack) {
      $0.id == id.rawValue && $0.ttl == 4
    }
    try judge(
      LeaseTimeToLiveRequest(id, wantsKeys: true),
      etcdserverpb__lease_time_to_live_request__unpack
    ) { $0.id == id.rawValue && $0.keys == 1 }
    var left = LeaseTimeToLiveResponse()
    (left.header, left.id, left.ttlSeconds, left.grantedSeconds) = (header, id, -1, 60)
    left.keys = [[], [1]]
    try judge(left, etcdserverpb__lease_time_to_live_response__unpack) {
      $0.id == id.rawValue && $0.ttl == -1 && $0.grantedttl == 60 && $0.n_keys == 2
        && data($0.keys[1]) == [1]
    }
  }

  @Test func `members and their state`() throws {
    var member = Member()
    (member.id, member.name, member.isLearner) = (.max, "m", true)
    (member.peerURLs, member.clientURLs) = (["p", ""], ["c"])
    var members = MemberListResponse()
    (members.header, members.members) = (header, [member, Member()])
    try judge(members, etcdserverpb__member_list_response__unpack) {
      guard $0.n_members == 2, let read = $0.members[0]?.pointee else { return false }
      return read.id == .max && text(read.name) == "m" && read.n_peerurls == 2
        && text(read.peerurls[0]) == "p" && read.n_clienturls == 1
        && text(read.clienturls[0]) == "c" && read.islearner == 1
    }
    var status = MemberStatus()
    (status.header, status.version, status.isLearner) = (header, "3.4.23", true)
    (status.databaseBytes, status.databaseUsedBytes) = (3, 9)
    (status.leader, status.raftIndex, status.raftTerm, status.raftAppliedIndex) = (4, 5, 6, 7)
    status.errors = ["NOSPACE"]
    try judge(status, etcdserverpb__status_response__unpack) {
      text($0.version) == "3.4.23" && $0.dbsize == 3 && $0.leader == 4 && $0.raftindex == 5
        && $0.raftterm == 6 && $0.raftappliedindex == 7 && $0.n_errors == 1
        && text($0.errors[0]) == "NOSPACE" && $0.dbsizeinuse == 9 && $0.islearner == 1
    }
  }

  @Test func `authentication`() throws {
    let request = AuthenticateRequest(user: "u", password: "p")
    try judge(request, etcdserverpb__authenticate_request__unpack) {
      text($0.name) == "u" && text($0.password) == "p"
    }
    var response = AuthenticateResponse()
    (response.header, response.token) = (header, "t")
    try judge(response, etcdserverpb__authenticate_response__unpack) { text($0.token) == "t" }
  }

  @Test func `unknown fields are skipped, and malformed ones refused`() throws {
    let unknown: [UInt8] = [0xa0, 0x06, 1]
    #expect(try WatchResponse(decoding: unknown.span.bytes) == WatchResponse())
    #expect(try WatchRequest(decoding: unknown.span.bytes) == .none)
    #expect(try RequestOperation(decoding: unknown.span.bytes) == .none)
    let truncated: [UInt8] = [0x5a, 5, 0x08]
    #expect(throws: WireError.truncated) { try WatchResponse(decoding: truncated.span.bytes) }
    let mismatched: [UInt8] = [0x10, 1]
    #expect(throws: WireError.wireTypeMismatch) {
      try RangeResponse(decoding: mismatched.span.bytes)
    }
  }
}
