/// The calls of etcd that are used here.
enum EtcdMethod: CaseIterable {
  case range
  case put
  case deleteRange
  case transaction
  case compact
  case watch
  case leaseGrant
  case leaseRevoke
  case leaseKeepAlive
  case leaseTimeToLive
  case memberList
  case status
  case authenticate

  /// What `:path` holds.
  var path: String {
    switch self {
    case .range: "/etcdserverpb.KV/Range"
    case .put: "/etcdserverpb.KV/Put"
    case .deleteRange: "/etcdserverpb.KV/DeleteRange"
    case .transaction: "/etcdserverpb.KV/Txn"
    case .compact: "/etcdserverpb.KV/Compact"
    case .watch: "/etcdserverpb.Watch/Watch"
    case .leaseGrant: "/etcdserverpb.Lease/LeaseGrant"
    case .leaseRevoke: "/etcdserverpb.Lease/LeaseRevoke"
    case .leaseKeepAlive: "/etcdserverpb.Lease/LeaseKeepAlive"
    case .leaseTimeToLive: "/etcdserverpb.Lease/LeaseTimeToLive"
    case .memberList: "/etcdserverpb.Cluster/MemberList"
    case .status: "/etcdserverpb.Maintenance/Status"
    case .authenticate: "/etcdserverpb.Auth/Authenticate"
    }
  }

  /// Done twice it does no harm: an answer that got lost is asked for again.
  ///
  /// A lease that is granted twice is one that nobody keeps alive, which ends by itself. A Put is not
  /// here: between the two another client may have written.
  var isRepeatable: Bool {
    switch self {
    case .range, .compact, .leaseGrant, .leaseRevoke, .leaseTimeToLive, .memberList, .status,
      .authenticate, .watch, .leaseKeepAlive:
      true
    case .put, .deleteRange, .transaction: false
    }
  }
}
