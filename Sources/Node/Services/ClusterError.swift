internal import GRPC
internal import NIOCore

/// Why a call of larder.v1.Admin about the cluster is refused.
enum ClusterError: Error, Equatable {
  /// The node stands alone, or its nodes are a fixed list.
  case noEtcd
  /// It has not joined yet.
  case notAMember
  /// etcd does not hear from it.
  case noLease
  /// Nobody could take its keys.
  case lastNode(String)
  case memberUnknown(String)
  /// It is in the cluster, but owns no keys.
  case notOnRing(String)
  case alreadyOnRing(String)
  /// In words that say what is wrong and what would be accepted.
  case orderInvalid(String)
  case ringInvalid(String)
  /// After so long.
  case notSeenYet(String)

  var status: Status {
    switch self {
    case .noEtcd:
      Status(
        .failedPrecondition,
        "this node is in no cluster that etcd keeps, so that its keys never move: for one whose nodes"
          + " come and go start it with --etcd",
        info: ErrorInfo(reason: "NO_ETCD"))
    case .notAMember: CacheError.notAMember.status
    case .noLease:
      Status(
        .unavailable,
        "this node has no lease in etcd, so that the others would not hear of it: try again when it"
          + " reaches etcd",
        info: ErrorInfo(reason: "NO_LEASE"), retryPushback: .after(.seconds(1)))
    case .lastNode(let id):
      Status(
        .failedPrecondition,
        "\(id) is the only node on the ring, and nobody could take its keys over: add another one"
          + " first, or stop it",
        info: ErrorInfo(reason: "LAST_NODE", metadata: ["node": id]))
    case .memberUnknown(let id):
      Status(
        .notFound,
        "there is no node \(quoted(id)) in the cluster: larder status shows the ids of all",
        info: ErrorInfo(reason: "MEMBER_UNKNOWN", metadata: ["node": id]))
    case .notOnRing(let id):
      Status(
        .failedPrecondition,
        "\(id) is not on the ring: it is about to join it, or has been drained or told to stop, and"
          + " starts again to be on it",
        info: ErrorInfo(reason: "NOT_ON_RING", metadata: ["node": id]))
    case .alreadyOnRing(let id):
      Status(
        .alreadyExists, "\(id) is on the ring already: ask for another weight, or another id",
        info: ErrorInfo(reason: "ALREADY_ON_RING", metadata: ["node": id]))
    case .ringInvalid(let problem):
      Status(.invalidArgument, problem, info: ErrorInfo(reason: "RING_INVALID"))
    case .notSeenYet(let timeout):
      Status(
        .unavailable,
        "the node has not seen its new weight in etcd within \(timeout) (etcd-call-timeout): it goes on"
          + " trying, and has it as soon as etcd takes it",
        info: ErrorInfo(reason: "OUTCOME_UNKNOWN"))
    case .orderInvalid(let problem):
      Status(.invalidArgument, problem, info: ErrorInfo(reason: "ORDER_INVALID"))
    }
  }
}
