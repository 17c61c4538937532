internal import Cluster
internal import GRPC
internal import NIOCore
internal import Wire

/// Why a cache call, or one item of a batch, is refused. Each has a stable reason, which clients see
/// as google.rpc.ErrorInfo; Protos/larder/v1/cache.proto lists them.
enum CacheError: Error, Equatable {
  case malformed(WireError)
  case keyEmpty
  case keyTooLong(bytes: Int, max: Int)
  case notUTF8
  case namespaceUnknown(String)
  // Boxed: rare, and larger than the errors that every call's result has room for.
  /// Whether there is such a namespace is not told.
  indirect case namespaceDenied(String, caller: String)
  indirect case rateLimited(String, perSecond: Int, retryDelay: TimeAmount)
  /// A peer's call for a key that is not this node's: who owns it, by which epoch.
  indirect case wrongOwner(String, epoch: String)
  /// A peer was given another ring than this node: its own name, and the nodes that it was given.
  indirect case ringsDiffer(String, nodes: [String])
  /// The node is in no cluster yet, or nobody is left in it.
  case notAMember
  /// A write of a key that is this node's as far as it knows, while others may own it by now.
  case isolated
  /// Another node has not given the key up yet, or those that had it do not answer.
  case handoverWait
  /// As many calls of the event loop as may wait for their keys.
  case handoverCallsExhausted(max: Int)
  case ttlInvalid
  case ttlTooLong(milliseconds: UInt64, max: UInt64)
  case conditionInvalid
  case valueTooLarge(bytes: Int, max: Int)
  case batchTooLarge(items: Int, max: Int)
  case memoryExhausted
  case notANumber
  case overflow

  init(_ error: WireError) {
    // `key` and `namespace` are the only strings of these requests.
    self = error == .notUTF8 ? .notUTF8 : .malformed(error)
  }

  var code: StatusCode {
    switch self {
    case .malformed: .internal
    case .keyEmpty, .keyTooLong, .notUTF8, .ttlInvalid, .ttlTooLong, .conditionInvalid:
      .invalidArgument
    case .namespaceUnknown: .notFound
    case .namespaceDenied: .permissionDenied
    case .valueTooLarge, .batchTooLarge, .memoryExhausted, .rateLimited, .handoverCallsExhausted:
      .resourceExhausted
    case .notANumber, .wrongOwner, .ringsDiffer: .failedPrecondition
    case .notAMember, .isolated, .handoverWait: .unavailable
    case .overflow: .outOfRange
    }
  }

  var reason: String {
    switch self {
    case .malformed: "MESSAGE_MALFORMED"
    case .keyEmpty: "KEY_EMPTY"
    case .keyTooLong: "KEY_TOO_LONG"
    case .notUTF8: "KEY_NOT_UTF8"
    case .namespaceUnknown: "NAMESPACE_UNKNOWN"
    case .namespaceDenied: "NAMESPACE_DENIED"
    case .rateLimited: "RATE_LIMITED"
    case .wrongOwner: ForwardRefusal.wrongOwner
    case .ringsDiffer: ForwardRefusal.ringsDiffer
    case .notAMember: "NOT_A_MEMBER"
    case .isolated: "ISOLATED"
    case .handoverWait: "HANDOVER_WAIT"
    case .handoverCallsExhausted: "HANDOVER_CALLS_EXHAUSTED"
    case .ttlInvalid: "TTL_INVALID"
    case .ttlTooLong: "TTL_TOO_LONG"
    case .conditionInvalid: "CONDITION_INVALID"
    case .valueTooLarge: "VALUE_TOO_LARGE"
    case .batchTooLarge: "BATCH_TOO_LARGE"
    case .memoryExhausted: "MEMORY_EXHAUSTED"
    case .notANumber: "VALUE_NOT_A_NUMBER"
    case .overflow: "INCREMENT_OVERFLOW"
    }
  }

  var message: String {
    switch self {
    case .malformed(let error): "malformed protobuf: \(error)"
    case .keyEmpty: "key is empty: it takes 1 byte at least"
    case .keyTooLong(let bytes, let max): "key has \(bytes) bytes: at most \(max) (key-max)"
    case .notUTF8: "key or namespace is not UTF-8"
    case .namespaceUnknown(let name): "namespace \"\(name)\" is not configured on this node"
    case .namespaceDenied(let name, let caller):
      "\(caller) may not use the namespace \"\(name)\""
    case .rateLimited(let name, let perSecond, _):
      "more than \(perSecond) calls a second in the namespace \"\(name)\" (rate-limit)"
    case .wrongOwner(let owner, let epoch):
      "this node does not own the key: \(owner) does (epoch \(epoch))"
    case .ringsDiffer(let own, let nodes):
      "the key's owner \(own) was given other nodes than the one that forwards: "
        + nodes.joined(separator: ",")
        + ". With --peers, every node must be given the same list, in the same spelling."
    case .notAMember:
      "this node is not in its cluster: it joins as soon as it reaches etcd, or is about to stop; ask"
        + " another node, or this one later"
    case .isolated:
      "this node has no lease in etcd, so that another node may own the key by now: it takes no write of"
        + " it before it reaches etcd again"
    case .handoverWait:
      "the key is on its way to this node from another one, which has not answered in time"
        + " (handover-wait): nothing was done, try again"
    case .handoverCallsExhausted(let max):
      "\(max) calls for keys that are on their way to this node wait on this event loop"
        + " (handover-calls-max)"
    case .ttlInvalid: "ttl_ms is 0: it takes 1 at least; for no expiry set no_expiry"
    case .ttlTooLong(let milliseconds, let max):
      "ttl_ms is \(milliseconds): at most \(max) (ttl-max); for no expiry set no_expiry"
    case .conditionInvalid: "if_version is 0, which no entry has; for absent entries set if_absent"
    case .valueTooLarge(let bytes, let max):
      "value has \(bytes) bytes: at most \(max) (value-max)"
    case .batchTooLarge(let items, let max):
      "batch has \(items) items: at most \(max) (batch-keys-max)"
    case .memoryExhausted: "there is no room for the entry, even by evicting others (memory)"
    case .notANumber: "the value under the key is not a decimal number, so nothing can be added"
    case .overflow: "the sum is outside the range of a 64-bit integer"
    }
  }

  /// What the error is about, for programs: the field, or the limit and its value.
  private var metadata: [String: String] {
    switch self {
    case .malformed, .memoryExhausted, .overflow, .notAMember, .isolated, .handoverWait: [:]
    case .keyEmpty: ["field": "key"]
    case .keyTooLong(_, let max):
      ["field": "key", "limit": "key-max", "limit_bytes": "\(max)"]
    case .notUTF8: ["field": "key"]
    case .namespaceUnknown(let name): ["field": "namespace", "namespace": name]
    case .namespaceDenied(let name, let caller):
      ["field": "namespace", "namespace": name, "caller": caller]
    case .handoverCallsExhausted(let max):
      ["limit": "handover-calls-max", "limit_calls": "\(max)"]
    case .rateLimited(let name, let perSecond, _):
      ["limit": "rate-limit", "limit_per_second": "\(perSecond)", "namespace": name]
    case .wrongOwner(let owner, let epoch): ["owner": owner, "epoch": epoch]
    case .ringsDiffer(let own, _): ["owner": own]
    case .ttlInvalid: ["field": "ttl_ms"]
    case .ttlTooLong(_, let max): ["field": "ttl_ms", "limit": "ttl-max", "limit_ms": "\(max)"]
    case .conditionInvalid: ["field": "if_version"]
    case .valueTooLarge(_, let max):
      ["field": "value", "limit": "value-max", "limit_bytes": "\(max)"]
    case .batchTooLarge(_, let max): ["limit": "batch-keys-max", "limit_items": "\(max)"]
    case .notANumber: ["field": "value"]
    }
  }

  /// How long to wait before the call is made again, where that is known.
  private var retryDelay: TimeAmount? {
    switch self {
    case .rateLimited(_, _, let delay): delay
    // Nothing was done. A node joins within a second, if it does; a lease is granted within a few.
    case .notAMember: .milliseconds(250)
    case .isolated: .seconds(1)
    // A node gives a key up as soon as it sees the ring that this one sees.
    case .handoverWait: .milliseconds(100)
    default: nil
    }
  }

  var status: Status {
    Status(
      self.code, self.message, info: .init(reason: self.reason, metadata: self.metadata),
      retryPushback: self.retryDelay.map { .after($0) })
  }
}
