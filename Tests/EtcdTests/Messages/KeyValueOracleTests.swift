import ProtobufOracle
import Testing
import Wire

@testable import Etcd

/// Each message with a value of its own in every field, so that no two can be taken for each other.
@Suite struct KeyValueOracleTests {
  static let header = {
    var header = ResponseHeader()
    (header.clusterID, header.memberID, header.raftTerm) = (.max, 1 << 63, 3)
    header.revision = -4
    return header
  }()

  static let keyValue = {
    var keyValue = KeyValue()
    (keyValue.key, keyValue.value) = ([0, 0xff], [])
    (keyValue.createRevision, keyValue.modRevision, keyValue.version) = (
      1, .init(rawValue: .max), 3
    )
    keyValue.lease = LeaseID(rawValue: -1)
    return keyValue
  }()

  private func equals(_ read: UnsafeMutablePointer<Etcdserverpb__ResponseHeader>?) -> Bool {
    guard let read = read?.pointee else { return false }
    return read.cluster_id == .max && read.member_id == 1 << 63 && read.revision == -4
      && read.raft_term == 3
  }

  private func equals(_ read: UnsafeMutablePointer<Mvccpb__KeyValue>?) -> Bool {
    guard let read = read?.pointee else { return false }
    return data(read.key) == [0, 0xff] && data(read.value).isEmpty && read.create_revision == 1
      && read.mod_revision == .max && read.version == 3 && read.lease == -1
  }

  @Test func `events and keys`() throws {
    var event = WatchEvent()
    event.kind = .delete
    event.keyValue = Self.keyValue
    event.previous = KeyValue()
    try judge(event, mvccpb__event__unpack) {
      $0.type == MVCCPB__EVENT__EVENT_TYPE__DELETE && self.equals($0.kv) && $0.prev_kv != nil
    }
  }

  @Test func `RangeRequest and RangeResponse`() throws {
    var request = RangeRequest(KeyRange(start: [1], end: [2, 0]))
    (request.limit, request.revision, request.createRevisionMax) = (-3, 4, 13)
    (request.sortOrder, request.sortTarget) = (.descending, .createRevision)
    (request.isSerializable, request.isKeysOnly, request.isCountOnly) = (true, true, true)
    try judge(request, etcdserverpb__range_request__unpack) {
      data($0.key) == [1] && data($0.range_end) == [2, 0] && $0.limit == -3 && $0.revision == 4
        && $0.sort_order == ETCDSERVERPB__RANGE_REQUEST__SORT_ORDER__DESCEND
        && $0.sort_target == ETCDSERVERPB__RANGE_REQUEST__SORT_TARGET__CREATE
        && $0.serializable == 1 && $0.keys_only == 1 && $0.count_only == 1
        && $0.max_create_revision == 13
    }
    // One at a time: which of them is which.
    let changes: [(inout RangeRequest) -> Void] = [
      { $0.isSerializable = true }, { $0.isKeysOnly = true }, { $0.isCountOnly = true },
    ]
    for (index, change) in changes.enumerated() {
      var request = RangeRequest(.key("a"))
      change(&request)
      try judge(request, etcdserverpb__range_request__unpack) {
        [$0.serializable, $0.keys_only, $0.count_only] == (0..<3).map { $0 == index ? 1 : 0 }
      }
    }
    var response = RangeResponse()
    response.header = Self.header
    response.keyValues = [Self.keyValue, KeyValue(), Self.keyValue]
    (response.hasMore, response.count) = (true, 9)
    try judge(response, etcdserverpb__range_response__unpack) {
      self.equals($0.header) && $0.n_kvs == 3 && self.equals($0.kvs[2]) && $0.more == 1
        && $0.count == 9
    }
  }

  @Test func `PutRequest and PutResponse`() throws {
    for index in 0..<3 {
      var request = PutRequest([1], [2], lease: LeaseID(rawValue: .min))
      request.wantsPrevious = index == 0
      request.keepsValue = index == 1
      request.keepsLease = index == 2
      try judge(request, etcdserverpb__put_request__unpack) {
        data($0.key) == [1] && data($0.value) == [2] && $0.lease == .min
          && [$0.prev_kv, $0.ignore_value, $0.ignore_lease]
            == (0..<3).map { $0 == index ? 1 : 0 }
      }
    }
    var response = PutResponse()
    response.header = Self.header
    response.previous = Self.keyValue
    try judge(response, etcdserverpb__put_response__unpack) {
      self.equals($0.header) && self.equals($0.prev_kv)
    }
  }

  @Test func `DeleteRangeRequest and DeleteRangeResponse`() throws {
    var request = DeleteRangeRequest(KeyRange(start: [1], end: [2]))
    request.wantsPrevious = true
    try judge(request, etcdserverpb__delete_range_request__unpack) {
      data($0.key) == [1] && data($0.range_end) == [2] && $0.prev_kv == 1
    }
    var response = DeleteRangeResponse()
    (response.header, response.deleted) = (Self.header, 7)
    response.previous = [Self.keyValue]
    try judge(response, etcdserverpb__delete_range_response__unpack) {
      self.equals($0.header) && $0.deleted == 7 && $0.n_prev_kvs == 1
        && self.equals($0.prev_kvs[0])
    }
  }

  @Test func `CompactionRequest and its answer`() throws {
    var request = CompactionRequest(8)
    request.isPhysical = true
    try judge(request, etcdserverpb__compaction_request__unpack) {
      $0.revision == 8 && $0.physical == 1
    }
    var response = CompactionResponse()
    response.header = Self.header
    try judge(response, etcdserverpb__compaction_response__unpack) { self.equals($0.header) }
  }

  @Test func `Compare, with each relation and each target`() throws {
    typealias Case = Etcdserverpb__Compare__TargetUnionCase
    let targets: [(Compare.Target, UInt32, Case)] = [
      (.version(0), 0, ETCDSERVERPB__COMPARE__TARGET_UNION_VERSION),
      (.createRevision(5), 1, ETCDSERVERPB__COMPARE__TARGET_UNION_CREATE_REVISION),
      (.modRevision(0), 2, ETCDSERVERPB__COMPARE__TARGET_UNION_MOD_REVISION),
      (.value([]), 3, ETCDSERVERPB__COMPARE__TARGET_UNION_VALUE),
      (.lease(LeaseID(rawValue: 8)), 4, ETCDSERVERPB__COMPARE__TARGET_UNION_LEASE),
    ]
    for (target, number, union) in targets {
      for (index, relation) in [
        Compare.Relation.equal, .greater, .less, .notEqual,
      ].enumerated() {
        let compare = Compare(KeyRange(start: [1], end: [2]), relation, target)
        try judge(compare, etcdserverpb__compare__unpack) {
          $0.result.rawValue == UInt32(index) && $0.target.rawValue == number
            && $0.target_union_case == union && data($0.key) == [1] && data($0.range_end) == [2]
        }
      }
    }
  }

  @Test func `a Compare that leaves out its value compares with nothing`() throws {
    let cases: [([UInt8], Compare.Target)] = [
      ([], .version(0)), ([0x10, 1], .createRevision(0)), ([0x10, 2], .modRevision(0)),
      ([0x10, 3], .value([])), ([0x10, 4], .lease(.none)),
    ]
    for (bytes, target) in cases {
      #expect(try Compare(decoding: bytes.span.bytes).target == target)
    }
  }

  @Test func `TxnRequest and TxnResponse, with each operation`() throws {
    let key = KeyRange.key("k")
    let transaction = Transaction(
      if: [.isAbsent([1])],
      then: [.put(PutRequest([1], [2])), .range(RangeRequest(key)), .none],
      else: [.deleteRange(DeleteRangeRequest(key))])
    try judge(transaction, etcdserverpb__txn_request__unpack) {
      $0.n_compare == 1 && $0.n_success == 3 && $0.n_failure == 1
        && $0.success[0]?.pointee.request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT
        && $0.success[1]?.pointee.request_case == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE
        && $0.success[2]?.pointee.request_case == ETCDSERVERPB__REQUEST_OP__REQUEST__NOT_SET
        && $0.failure[0]?.pointee.request_case
          == ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_DELETE_RANGE
    }
    var response = TransactionResponse()
    (response.header, response.hasSucceeded) = (Self.header, true)
    response.responses = [
      .range(RangeResponse()), .put(PutResponse()), .deleteRange(DeleteRangeResponse()), .none,
    ]
    try judge(response, etcdserverpb__txn_response__unpack) { read in
      let cases = (0..<read.n_responses).map { read.responses[$0]?.pointee.response_case }
      return self.equals(read.header) && read.succeeded == 1
        && cases == [
          ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_RANGE,
          ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_PUT,
          ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_DELETE_RANGE,
          ETCDSERVERPB__RESPONSE_OP__RESPONSE__NOT_SET,
        ]
    }
  }
}
