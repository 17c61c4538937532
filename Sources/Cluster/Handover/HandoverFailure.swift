public import GRPC
internal import NIOCore

/// The reasons in the errors of the calls of a handover (google.rpc.ErrorInfo).
public enum HandoverReason {
  /// The node has yet to see the heir's epoch: ask again soon.
  public static let wait = "HANDOVER_WAIT"
  /// The node goes by a newer ring, by which it owns some of the hashes.
  public static let epochPassed = "EPOCH_PASSED"
  /// The node has not sealed the hashes for who asks, or has taken them back.
  public static let notSealed = "NOT_SEALED"
  /// An operator has ended the migration.
  public static let cancelled = "MIGRATION_CANCELLED"
  /// The same heir has begun the same migration anew.
  public static let superseded = "MIGRATION_SUPERSEDED"
  /// The message breaks a rule of peer.proto.
  public static let malformed = "MESSAGE_MALFORMED"
  /// The node has no process id yet, or no more: it is not in the cluster.
  public static let notAMember = "NOT_A_MEMBER"
}

/// Why a call of a handover did not do what it was made for.
public enum HandoverFailure: Error, Sendable, Hashable {
  /// The node does not seal.
  case refused(HandoverRefusal)
  /// The node has not sealed the hashes for this one; another process of it may have.
  case notSealed
  /// An operator has ended the migration, at either end.
  case cancelled
  /// The node cannot be reached, or has not answered in time, or not with what can be used.
  case unreachable(Status)
  /// The node breaks a rule; for people, and names it.
  case fault(String)
  /// Not the node's doing: what the caller did with a batch has failed.
  case notApplied(String)

  init(_ status: Status) {
    switch status.info?.reason {
    case HandoverReason.wait: self = .refused(.wait)
    case HandoverReason.epochPassed: self = .refused(.epochPassed)
    case HandoverReason.notSealed: self = .notSealed
    case HandoverReason.cancelled: self = .cancelled
    default: self = .unreachable(status)
    }
  }
}

extension HandoverFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .refused(.wait): "the node has yet to see this node's ring"
    case .refused(.epochPassed): "the node goes by a newer ring"
    case .notSealed: "the node has not given up the hashes"
    case .cancelled: "an operator has cancelled it"
    case .unreachable(let status): "\(status)"
    case .fault(let what): what
    case .notApplied(let what): "cannot take what was moved: \(what)"
    }
  }
}

/// How a migration has ended early, and from where it can go on.
public struct MigrationFailure: Error, Sendable, Hashable {
  /// The last batch that was applied: what to pass as `after` when it is opened again.
  public let acknowledged: UInt64
  public let cause: HandoverFailure

  public init(acknowledged: UInt64, cause: HandoverFailure) {
    self.acknowledged = acknowledged
    self.cause = cause
  }
}

extension Status {
  /// What a heir is told whose message breaks a rule of peer.proto.
  static func malformed(_ what: String) -> Status {
    Status(.invalidArgument, what, info: .init(reason: HandoverReason.malformed))
  }

  /// What a heir is told for whom hashes are not sealed.
  static let notSealed = Status(
    .failedPrecondition, "this node has not given up these hashes to the one that asks",
    info: .init(reason: HandoverReason.notSealed))

  /// What a heir is told whose order is not followed.
  init(_ refusal: HandoverRefusal) {
    switch refusal {
    case .wait:
      self.init(
        .unavailable, "this node has yet to see the ring by which the hashes are another's",
        info: .init(reason: HandoverReason.wait), retryPushback: .after(.milliseconds(50)))
    case .epochPassed:
      self.init(
        .failedPrecondition, "this node goes by a newer ring, by which it owns some of the hashes",
        info: .init(reason: HandoverReason.epochPassed))
    }
  }
}
