internal import GRPC
internal import NIOCore
internal import Synchronization

/// Holds each client to a rate of calls: each caller that the node knows by its name, whatever
/// connections it uses, and others by their IP address.
///
/// Exact: a client's calls take from one bucket, whichever event loops they come in on. The buckets
/// are divided among shards by their client, each under a lock that is held for one look-up. At most
/// `clientsMax` are kept; a client whose bucket was dropped begins with a full one, which is no gift
/// to one that has made no call for as long as its bucket takes to fill. Health checks are not
/// counted: an orchestrator must not take a busy node for a dead one. Nor are calls of other nodes,
/// which the node that a client called has counted.
final class ClientRateLimit: ServerInterceptor {
  /// Locks that event loops share; more of them than there are loops on most machines.
  static let shardsMax = 16

  private typealias Buckets = LeastRecentlyUsed<ClientKey, TokenBucket>

  private final class Shard: Sendable {
    let buckets: Mutex<Buckets>

    init(capacity: Int) { self.buckets = Mutex(Buckets(capacity: capacity)) }
  }

  private let rate: TokenBucket.Rate
  private let shards: [Shard]
  /// By the method's index.
  private let isCounted: [Bool]

  /// - Parameters:
  ///   - clientsMax: buckets that are kept, 1 at least.
  ///   - paths: of all the server's methods, in their order.
  init(rate: TokenBucket.Rate, clientsMax: Int, paths: [String]) {
    self.rate = rate
    let count = min(Self.shardsMax, clientsMax)
    self.shards = (0..<count).map { _ in Shard(capacity: clientsMax / count) }
    self.isCounted = paths.map { path in
      let access = MethodAccess(path: path)
      return access != .open && access != .role(.peer)
    }
  }

  func begin(_ call: borrowing InterceptedCall) throws(Status) {
    // What is refused on its head costs us as well.
    if let method = call.method, !self.isCounted[method] { return }
    let client = self.client(of: call)
    try self.take(client.key, shard: client.shard, call)
  }

  /// Counts a call that another interceptor is about to refuse, whatever its method: for its caller,
  /// or, where its credentials are nobody's, for the address that it came from: who tries many is
  /// slowed down, and callers with good ones at the same address are not.
  ///
  /// The call is as that interceptor sees it, and so is its memory, which is not looked at here.
  func countRefused(_ call: borrowing InterceptedCall) throws(Status) {
    let key = Self.key(call.caller, call.peer)
    try self.take(key, shard: self.shard(of: key), call)
  }

  private func take(
    _ key: ClientKey, shard: Int, _ call: borrowing InterceptedCall
  ) throws(Status) {
    let (rate, now) = (self.rate, call.now)
    let delay = self.shards[shard].buckets.withLock { buckets in
      buckets.use(key, orBegin: TokenBucket(rate, now: now)) { $0.take(rate, now: now) }
    }
    guard let delay else { return }
    call.count(.rateLimitPerClient)
    throw Status(
      .resourceExhausted,
      "more than \(self.rate.perSecond) calls a second from one client"
        + " (\(PeerLimit.rateLimitPerClient.rawValue))",
      info: ErrorInfo(
        reason: "RATE_LIMITED",
        metadata: [
          "limit": PeerLimit.rateLimitPerClient.rawValue,
          "limit_per_second": "\(self.rate.perSecond)",
        ]),
      retryPushback: .after(delay))
  }

  private func shard(of key: ClientKey) -> Int {
    Int(UInt(bitPattern: key.hashValue) % UInt(self.shards.count))
  }

  /// Who the connection's calls count for, as it was found out for an earlier one of the same caller.
  private func client(of call: borrowing InterceptedCall) -> Client {
    let caller = call.caller
    if let memory = call.memory {
      // Each interceptor has a place of its own, and this one puts nothing else there.
      let client = unsafeDowncast(memory, to: Client.self)
      if client.caller === caller { return client }
    }
    let key = Self.key(caller, call.peer)
    let client = Client(caller: caller, key: key, shard: self.shard(of: key))
    call.memory = client
    return client
  }

  private static func key(_ caller: AnyObject?, _ peer: ConnectionPeer) -> ClientKey {
    // Nobody but `Authentication` sets the caller of a node's calls, and to nothing else.
    let principal = caller.map { unsafeDowncast($0, to: Principal.self) }
    return principal.map { .caller($0.name) } ?? ClientKey(peer.address)
  }

  /// Whom one connection's calls count for.
  private final class Client {
    let caller: AnyObject?
    let key: ClientKey
    let shard: Int

    init(caller: AnyObject?, key: ClientKey, shard: Int) {
      self.caller = caller
      self.key = key
      self.shard = shard
    }
  }
}
