internal import CacheStore
internal import Cluster
internal import GRPC
internal import HashRing
internal import LarderAPI
internal import NIOCore
internal import Wire

/// larder.v1.Cache: each call is read, checked, done and answered in one go on the event loop it
/// came in on. One file for each kind of call: `CacheService+Get.swift` and so on.
final class CacheService: UnaryService {
  let store: Store
  let clock: NodeClock
  let limits: NodeLimits
  let namespaces: NamespaceRegistry
  /// By event loop.
  let batchResults: [BatchResultsKeeper]
  /// The way to the other nodes; nil: this node stands alone.
  let cluster: Forwarding?
  /// The calls come from other nodes, which have asked their clients who they are.
  let isForPeers: Bool
  /// Calls have a caller, who may be kept to some namespaces.
  let isAccessControlled: Bool
  /// Something may stand between a caller and a namespace; see `checkGuards`.
  private var isGuarded: Bool {
    self.isAccessControlled || (!self.isForPeers && self.namespaces.isRateLimited)
  }

  /// - Parameters:
  ///   - isAccessControlled: the server authenticates its callers.
  ///   - isForPeers: serves larder.v1.Peer: the same calls, with the keys of this node only.
  init(
    store: Store, clock: NodeClock, configuration: NodeConfiguration,
    namespaces: NamespaceRegistry, isAccessControlled: Bool,
    cluster: Forwarding? = nil, isForPeers: Bool = false
  ) {
    self.cluster = cluster
    self.isForPeers = isForPeers
    self.store = store
    self.clock = clock
    self.limits = configuration.limits
    self.namespaces = namespaces
    self.batchResults = (0..<configuration.loops).map { _ in BatchResultsKeeper() }
    // Calls of peers were let in, and counted, by the node that their client has called.
    self.isAccessControlled = isAccessControlled && !isForPeers
  }

  func serve(_ call: borrowing UnaryCall) {
    guard let method = CacheMethod(rawValue: call.method) else {
      preconditionFailure("a method that was not registered")
    }
    // The client's answer is compressed by the node that it has called, if at all.
    if self.isForPeers { call.answerTersely() }
    do throws(CacheError) {
      if let cluster = self.cluster, try !self.isMember(call, cluster) { return }
      switch method {
      case .get: try self.get(call)
      case .getMany: try self.getMany(call)
      case .set: try self.set(call)
      case .setMany: try self.setMany(call)
      case .delete: try self.delete(call)
      case .deleteMany: try self.deleteMany(call)
      case .increment: try self.increment(call)
      case .touch: try self.touch(call)
      }
    } catch {
      call.fail(error.status)
    }
  }

  // MARK: - What all calls check

  /// The namespace of that name, which the call may use, and which has a call left.
  func namespace(
    _ name: RawSpan, _ call: borrowing UnaryCall
  ) throws(CacheError) -> NamespaceID {
    let id = name.isEmpty ? .default : self.store.namespaces.id(of: name)
    if self.isGuarded { try self.checkGuards(id, name, call) }
    guard let id else { throw .namespaceUnknown(Self.shortened(name)) }
    return id
  }

  /// What an error shows of a namespace's name: it travels in headers, which have room for no name
  /// that a request has. None that is configured is longer than this.
  static func shortened(_ name: RawSpan) -> String {
    let bytesMax = NodeLimits.namespaceNameMaxBytes
    guard name.byteCount > bytesMax else { return String(copyingUTF8: name) }
    return String(copyingUTF8: name.extracting(first: bytesMax)) + "..."
  }

  /// The key as the store takes it. `bytes` are UTF-8.
  @_lifetime(copy bytes)
  func key(
    _ bytes: RawSpan, _ namespace: NamespaceID, _ name: RawSpan
  ) throws(CacheError) -> StoreKey {
    guard !bytes.isEmpty else { throw .keyEmpty }
    guard bytes.byteCount <= self.limits.keyMaxBytes else {
      throw .keyTooLong(bytes: bytes.byteCount, max: self.limits.keyMaxBytes)
    }
    return StoreKey(
      namespace: namespace, bytes: bytes, hash: self.hash(bytes, namespace: name))
  }

  /// One hash serves store and ring; see HashRing.
  @inline(__always)
  func hash(_ bytes: RawSpan, namespace name: RawSpan) -> UInt64 {
    name.isEmpty
      ? XXH64.hash(bytes) : XXH64.hash(prefix: name, separator: UInt8(ascii: "/"), bytes)
  }

  func expiry(
    _ asked: LarderAPI.Expiry, in namespace: NamespaceID
  ) throws(CacheError) -> CacheStore.Expiry {
    switch asked {
    case .namespaceDefault: return self.store.namespaces.rules(of: namespace).defaultExpiry
    case .never: return .never
    case .after(let milliseconds):
      guard milliseconds > 0 else { throw .ttlInvalid }
      let most = self.store.namespaces.rules(of: namespace).ttlMaxMilliseconds
      guard milliseconds <= most else {
        throw .ttlTooLong(milliseconds: milliseconds, max: most)
      }
      return .after(milliseconds: milliseconds)
    }
  }

  func checkValue(_ bytes: Int, in namespace: NamespaceID) throws(CacheError) {
    let max = self.store.namespaces.rules(of: namespace).valueMaxBytes
    guard bytes <= max else { throw .valueTooLarge(bytes: bytes, max: max) }
  }

  func checkBatch(_ items: Int) throws(CacheError) {
    guard items <= self.limits.batchKeysMax else {
      throw .batchTooLarge(items: items, max: self.limits.batchKeysMax)
    }
  }
}

extension UnaryCall {
  /// Answers with a message that is at hand.
  func reply(_ message: borrowing some WireMessage & ~Copyable & ~Escapable) {
    self.reply(size: message.encodedSize) { message.encode(into: &$0) }
  }
}
