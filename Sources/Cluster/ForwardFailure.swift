internal import GRPC
internal import LarderAPI
internal import NIOCore

/// What a client is told whose call could not be forwarded well. Each has a stable reason;
/// Protos/larder/v1/cache.proto lists them.
enum ForwardFailure {
  /// Surely not done: the call may be made again, whatever it does.
  static func unreachable(_ owner: Member, _ reason: Status, retryAfter: TimeAmount) -> Status {
    Status(
      .unavailable, "the key's owner \(owner.id) cannot be reached: \(reason.message)",
      info: ErrorInfo(reason: "OWNER_UNREACHABLE", metadata: ["owner": owner.id]),
      retryPushback: .after(retryAfter))
  }

  static func tooManyCalls(_ owner: Member, max: Int) -> Status {
    Status(
      .resourceExhausted,
      "\(max) calls to the key's owner \(owner.id) are under way on this event loop"
        + " (peer-calls-max)",
      info: ErrorInfo(
        reason: "FORWARDS_EXHAUSTED",
        metadata: ["limit": "peer-calls-max", "limit_calls": "\(max)", "owner": owner.id]))
  }

  /// The call may have been done or not.
  static func unknown(_ owner: Member, _ method: CacheMethod, _ reason: Status) -> Status {
    let isRead = method == .get || method == .getMany
    let meaning = isRead ? "" : "; whether the call was done is not known"
    return Status(
      .unavailable,
      "no answer from the key's owner \(owner.id): \(reason.message)\(meaning)",
      info: ErrorInfo(
        reason: isRead ? "OWNER_LOST" : "OUTCOME_UNKNOWN", metadata: ["owner": owner.id]),
      retryPushback: isRead ? .after(.nanoseconds(0)) : .never)
  }

  static func tooLate(_ owner: Member) -> Status {
    Status(
      .deadlineExceeded, "no answer from the key's owner \(owner.id) before the deadline",
      info: ErrorInfo(reason: "OWNER_SILENT", metadata: ["owner": owner.id]))
  }

  /// The peer has refused this node, which the client has no part in.
  static func refused(_ owner: Member, _ reason: Status) -> Status {
    Status(
      .unavailable,
      "the key's owner \(owner.id) does not take forwards from this node"
        + " (\(reason.code): \(reason.message)). Does this node's --peer-token-file or certificate"
        + " have the role peer there, and do both run the same version?",
      info: ErrorInfo(reason: "PEER_REFUSED", metadata: ["owner": owner.id]),
      retryPushback: .never)
  }

  /// Two nodes disagree about an owner. Where rings never change they will for ever; else one of them
  /// has yet to see a change, and the call, which was surely not done, may be made again.
  static func ringsDiffer(_ owner: Member, epoch: Epoch, _ answer: Status) -> Status {
    let metadata = answer.info?.metadata ?? [:]
    let other = metadata["owner"].map { "takes \($0) for it" } ?? "does not"
    let what =
      "this node takes \(owner.id) for the key's owner (epoch \(epoch)), and that node \(other)"
      + " (epoch \(metadata["epoch"] ?? "unknown")): "
    let both = ["asked": owner.id, "epoch": "\(epoch)"].merging(metadata) { own, _ in own }
    guard epoch == .fixed else {
      return Status(
        .unavailable, what + "the ring is changing, try again",
        info: ErrorInfo(reason: ForwardRefusal.ringChanging, metadata: both),
        retryPushback: .after(.milliseconds(100)))
    }
    return Status(
      .failedPrecondition,
      what + "their rings differ. With --peers, every node must be given the same list.",
      info: ErrorInfo(reason: ForwardRefusal.ringsDiffer, metadata: both))
  }
}
