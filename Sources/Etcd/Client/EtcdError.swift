internal import GRPC

/// Why a call to etcd gave nothing.
public struct EtcdError: Error, Hashable, Sendable {
  /// What programs decide by.
  public enum Reason: Hashable, Sendable, CaseIterable {
    /// No endpoint could be reached, or none that could has a leader.
    case unavailable
    /// Endpoints were reached, and did not answer in time.
    case timedOut
    /// The caller's task was cancelled.
    case cancelled
    /// The revision asked for is forgotten.
    case compacted
    /// The revision asked for is still to come: the history is another one.
    case futureRevision
    /// There is no such lease, any more.
    case leaseNotFound
    /// The user may not do that.
    case permissionDenied
    /// The user or the password is wrong, or none was given where etcd wants one.
    case unauthenticated
    /// etcd's database is full.
    case noSpace
    /// The answer is longer than `EtcdConfiguration.messageMaxBytes`.
    case answerTooLarge
    /// The answer is no protobuf message of its kind.
    case malformedAnswer
    /// Anything else that etcd says; `message` has it.
    case refused
  }

  /// What programs decide by.
  public let reason: Reason
  /// For people, in English, with the endpoint's name.
  public let message: String
  /// The call may have been done or not: the answer got lost. False: it was not done.
  public let isOutcomeUnknown: Bool

  init(_ reason: Reason, _ message: String, isOutcomeUnknown: Bool = false) {
    self.reason = reason
    self.message = message
    self.isOutcomeUnknown = isOutcomeUnknown
  }

  /// Another attempt, later, may succeed.
  public var isTransient: Bool {
    switch self.reason {
    case .unavailable, .timedOut, .noSpace: true
    case .cancelled, .compacted, .futureRevision, .leaseNotFound, .permissionDenied,
      .unauthenticated, .answerTooLarge, .malformedAnswer, .refused:
      false
    }
  }
}

extension EtcdError: CustomStringConvertible {
  public var description: String {
    self.message + (self.isOutcomeUnknown ? " (it may have been done all the same)" : "")
  }
}

/// What to do about a call that failed at one endpoint.
enum CallRemedy: Equatable {
  /// It was not done: ask another endpoint.
  case askAnother
  /// It may have been done: ask another endpoint only if twice does no harm.
  case askAnotherIfRepeatable
  /// It was not done: ask again with a new token.
  case renewToken
  /// Nothing; the caller is told so.
  case fail(EtcdError.Reason)

  /// etcd names most of its errors only in the message (etcd, api/v3rpc/rpctypes/error.go).
  init(_ status: Status) {
    func says(_ text: String) -> Bool { status.message.contains(text) }
    switch status.code {
    case .unavailable where says("etcdserver: no leader"), .unavailable where says("not capable"),
      .unavailable where says("not supported for learner"):
      self = .askAnother
    case .unavailable, .deadlineExceeded, .unknown, .internal, .aborted, .dataLoss:
      self = .askAnotherIfRepeatable
    case .unauthenticated: self = .renewToken
    case .invalidArgument where says("user name is empty"),
      .invalidArgument where says("revision of auth store is old"):
      self = .renewToken
    case .invalidArgument where says("authentication failed"): self = .fail(.unauthenticated)
    case .permissionDenied: self = .fail(.permissionDenied)
    case .outOfRange where says("has been compacted"): self = .fail(.compacted)
    case .outOfRange where says("future revision"): self = .fail(.futureRevision)
    case .notFound where says("lease not found"): self = .fail(.leaseNotFound)
    case .resourceExhausted where says("database space exceeded"): self = .fail(.noSpace)
    case .resourceExhausted where says("too many requests"): self = .askAnother
    case .resourceExhausted where says("larger than max"): self = .fail(.answerTooLarge)
    // Nobody here cancelled it: the member did, or lost it.
    case .cancelled: self = .askAnotherIfRepeatable
    default: self = .fail(.refused)
    }
  }
}
