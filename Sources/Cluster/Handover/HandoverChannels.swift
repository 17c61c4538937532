internal import CacheStore
internal import GRPC
internal import HTTP2
internal import LarderAPI
public import NIOCore
internal import Wire

/// The calls of a handover to the other nodes of a cluster, by larder.v1.Peer.
///
/// Each node has two channels: small calls do not wait behind what a migration moves.
public final class HandoverChannels: HandoverPeer {
  /// Of a stream that moves entries: more than a batch may be under way.
  private static let streamWindowBytes = 4 << 20

  let register: MigrationRegister
  let limits: HandoverLimits
  let skewMaxMilliseconds: UInt64
  private let sealTimeout: TimeAmount
  private let calls: PeerChannelTable
  let streams: PeerChannelTable

  /// - Parameters:
  ///   - group: its event loops serve the channels; stays the caller's.
  ///   - configuration: how peers are called, with which credentials at first.
  ///   - register: shows what is moved here, and steers it.
  public init(
    group: any EventLoopGroup, configuration: ForwardingConfiguration,
    register: MigrationRegister, limits: HandoverLimits = HandoverLimits()
  ) {
    self.register = register
    self.limits = limits
    self.skewMaxMilliseconds = UInt64(
      max(0, configuration.clockSkewMax.nanoseconds / 1_000_000))
    self.sealTimeout = configuration.forwardTimeout
    self.calls = PeerChannelTable(group: group, credentials: configuration.credentials) {
      configuration.handoverClient($0)
    }
    self.streams = PeerChannelTable(group: group, credentials: configuration.credentials) {
      var client = configuration.handoverClient($0)
      client.connection.session.streamWindowBytes = max(
        client.connection.session.streamWindowBytes, Self.streamWindowBytes)
      client.connection.session.connectionWindowBytes = max(
        client.connection.session.connectionWindowBytes, 4 * Self.streamWindowBytes)
      return client
    }
  }

  /// Shows other credentials from the next call on. A migration under way breaks off with the next
  /// `keep`, and goes on where it was.
  public func install(_ credentials: PeerCredentials) {
    self.calls.install(credentials)
    self.streams.install(credentials)
  }

  /// Closes the channels to all that are not among `members`.
  public func keep(_ members: [Member]) async {
    await self.calls.keep(members)
    await self.streams.keep(members)
  }

  /// Closes all channels. Last of all.
  public func shutdown() async { await self.keep([]) }

  // MARK: - Calls

  public func seal(
    _ order: SealOrder, at member: Member
  ) async throws(HandoverFailure) -> SealAnswer {
    let message = try await self.call(
      PeerMethod.sealPath, SealRequest(order).serialized(), member, timeout: self.sealTimeout)
    do {
      let response = try SealResponse(decoding: message.readableBytesSpan)
      let node = try MemberProcess(response.node, "node")
      // At its address there may be another process by now, which has nothing of what this one had.
      guard node == MemberProcess(member) else {
        throw HandoverFailure.fault("\(node) answers for \(MemberProcess(member))")
      }
      return try SealAnswer(response)
    } catch let failure as HandoverFailure {
      throw failure
    } catch let fault as HandoverMessageFault {
      throw .fault("the answer of \(member.id) to an order to give up hashes \(fault.what)")
    } catch {
      throw .fault("\(member.id) has answered with malformed protobuf: \(error)")
    }
  }

  public func release(_ order: SealOrder, at member: Member) async throws(HandoverFailure) {
    var request = SealRequest(order)
    request.releases = true
    _ = try await self.call(
      PeerMethod.sealPath, request.serialized(), member, timeout: self.sealTimeout)
  }

  public func renew(for heir: MemberProcess, at member: Member) async throws(HandoverFailure) {
    var request = SealRequest()
    request.heir = ProcessID(heir)
    request.renews = true
    // Later than that it is of no use: the next one comes.
    let timeout = min(self.sealTimeout, TimeAmount(Handover.signInterval))
    _ = try await self.call(PeerMethod.sealPath, request.serialized(), member, timeout: timeout)
  }

  public func fetch(
    _ namespace: String, keys: [[UInt8]], heir: MemberProcess, from member: Member,
    timeout: TimeAmount
  ) async throws(HandoverFailure) -> [FetchedCopy] {
    let deadline = NIODeadline.now() + timeout
    var copies: [FetchedCopy] = []
    copies.reserveCapacity(keys.count)
    while copies.count < keys.count {
      let question = FetchQuestion(namespace, keys[copies.count...], heir)
      let message = try await self.call(
        PeerMethod.fetchPath, question.message, member, timeout: deadline - .now())
      copies += try question.answers(in: message, from: member, self.skewMaxMilliseconds)
    }
    return copies
  }

  private func call(
    _ path: String, _ message: [UInt8], _ member: Member, timeout: TimeAmount
  ) async throws(HandoverFailure) -> ByteBuffer {
    do throws(Status) {
      return try await self.calls[member].unary(
        path, message, metadata: self.calls.metadata, timeout: timeout
      ).message
    } catch {
      throw HandoverFailure(error)
    }
  }
}

extension ForwardingConfiguration {
  /// Of a channel for the calls of a handover. What comes is bounded by the buffer of the connection only:
  /// a node takes what another one stores, whatever it takes of its clients.
  fileprivate func handoverClient(_ credentials: PeerCredentials) -> ClientConfiguration {
    var client = self.client(credentials)
    client.backoff = self.backoff
    client.connection.requestBufferMaxBytes = max(
      client.connection.requestBufferMaxBytes, HandoverLimits.answerBytes)
    client.connection.messageMaxBytes = client.connection.requestBufferMaxBytes
    return client
  }
}
