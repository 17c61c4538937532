public import CacheStore
public import GRPC
internal import HashRing
internal import LarderAPI
public import NIOCore
internal import Wire

/// The calls of larder.v1.Peer with one answer by which another node takes over what this one has lost:
/// Seal, then Fetch, as in `PeerMethod.handoverPaths`.
public final class HandoverService: UnaryService {
  private let store: Store
  private let source: any HandoverSource
  private let register: MigrationRegister
  private let own: @Sendable () -> MemberProcess?
  private let time: @Sendable (NIODeadline) -> StoreTime

  /// An order has up to 65,536 ranges, whatever messages of clients may have.
  public let messageTakenBytes = HandoverLimits.requestBytes

  /// - Parameters:
  ///   - own: this process; nil while the node is no member.
  ///   - time: reads the clocks for the store.
  public init(
    store: Store, source: any HandoverSource, register: MigrationRegister,
    own: @escaping @Sendable () -> MemberProcess?,
    time: @escaping @Sendable (NIODeadline) -> StoreTime
  ) {
    self.store = store
    self.source = source
    self.register = register
    self.own = own
    self.time = time
  }

  public func serve(_ call: borrowing UnaryCall) {
    do throws(HandoverMessageFault) {
      if call.method == 0 { try self.seal(call) } else { try self.fetch(call) }
    } catch {
      call.fail(.malformed("the message \(error.what)"))
    }
  }

  // MARK: - Seal

  private func seal(_ call: borrowing UnaryCall) throws(HandoverMessageFault) {
    let request: SealRequest
    do throws(WireError) {
      request = try SealRequest(decoding: call.message)
    } catch {
      throw HandoverMessageFault(what: "is malformed protobuf: \(error)")
    }
    // Not on the event loop where it waits for a lock that others hold for milliseconds.
    let source = self.source
    if request.renews {
      let heir = try MemberProcess(request.heir, "heir")
      return call.answer { () async throws(Status) -> [UInt8] in
        source.heard(from: heir)
        return []
      }
    }
    let order = try SealOrder(request)
    if request.releases {
      return call.answer { () async throws(Status) -> [UInt8] in
        source.handedOver(order.arcs, to: order.heir, by: order.epoch)
        return []
      }
    }
    guard let own = self.own() else {
      return call.fail(
        Status(
          .unavailable, "this node is not in its cluster",
          info: .init(reason: HandoverReason.notAMember)))
    }
    let register = self.register
    call.answer { () async throws(Status) -> [UInt8] in
      do throws(HandoverRefusal) {
        let answer = try await source.seal(order)
        register.count { $0.seals += 1 }
        return SealResponse(answer, from: own).serialized()
      } catch {
        register.count { $0.sealsRefused += 1 }
        throw Status(error)
      }
    }
  }

  // MARK: - Fetch

  /// Straight from the store, on the event loop. Neither a hit nor a miss.
  private func fetch(_ call: borrowing UnaryCall) throws(HandoverMessageFault) {
    let request: FetchRequest
    do throws(WireError) {
      request = try FetchRequest(decoding: call.message)
    } catch {
      throw HandoverMessageFault(what: "is malformed protobuf: \(error)")
    }
    let heir = try MemberProcess(request.heir, "heir")
    let hashes = try self.hashes(request)
    guard hashes.allSatisfy({ self.source.isSealed($0, for: heir) }) else {
      return call.fail(.notSealed)
    }
    let namespace = self.store.namespaces.id(of: request.namespace)
    let now = self.time(call.now)
    var keys = request.keys.makeIterator()
    var answered = 0
    while answered < hashes.count, let bytes = keys.next() {
      let copy =
        namespace.map { namespace in
          let key = StoreKey(namespace: namespace, bytes: bytes, hash: hashes[answered])
          return StoredCopy(of: key, in: self.store, now: now)
        } ?? .nothing
      // At least one: the one who asks must get on.
      guard copy.append(to: call, isFirst: answered == 0, floor: self.floor(hashes[answered]))
      else { break }
      answered += 1
    }
    call.finish()
    let count = answered
    self.register.count {
      $0.fetches += 1
      $0.fetchedKeys += count
    }
  }

  /// Of the keys that are answered for.
  private func hashes(_ request: borrowing FetchRequest) throws(HandoverMessageFault) -> [UInt64] {
    var hashes: [UInt64] = []
    hashes.reserveCapacity(min(request.keys.count, HandoverLimits.fetchKeysMax))
    var keys = request.keys.makeIterator()
    while hashes.count < HandoverLimits.fetchKeysMax, let key = keys.next() {
      guard (1...StoreConfiguration.keyMaxBytes).contains(key.byteCount) else {
        throw HandoverMessageFault(what: "has a key of \(key.byteCount) bytes")
      }
      hashes.append(XXH64.hash(key: key, namespace: request.namespace))
    }
    return hashes
  }

  private func floor(_ hash: UInt64) -> Version {
    // The arc of this one hash; before 0 comes the last of the circle.
    self.store.floor(in: HashArc(after: hash &- 1, through: hash))
  }
}

extension XXH64 {
  /// Of a key, as the ring and the store have it.
  static func hash(key: RawSpan, namespace: RawSpan) -> UInt64 {
    namespace.isEmpty
      ? Self.hash(key) : Self.hash(prefix: namespace, separator: UInt8(ascii: "/"), key)
  }
}
