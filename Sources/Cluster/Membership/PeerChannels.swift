internal import GRPC
internal import LarderAPI
public import Logging
public import NIOCore
internal import Wire

/// Asks the other nodes of a cluster what a membership wants to know, by calls of larder.v1.Peer.
///
/// While etcd is away every node asks all others twice a second: so each has one channel for it, which is
/// made when it is needed first and stays until its node has left the cluster.
public final class PeerChannels: PeerSurvey {
  private let group: any EventLoopGroup
  private let timeout: TimeAmount
  private let logger: Logger
  private let channels: PeerChannelTable

  /// - Parameters:
  ///   - group: its event loops serve the channels; stays the caller's.
  ///   - configuration: how peers are called, with which credentials at first.
  ///   - timeout: after which a node counts as one that does not answer.
  public init(
    group: any EventLoopGroup, configuration: ForwardingConfiguration, timeout: TimeAmount,
    logger: Logger
  ) {
    self.group = group
    self.timeout = timeout
    self.logger = logger
    self.channels = PeerChannelTable(group: group, credentials: configuration.credentials) {
      var client = configuration.client($0)
      client.backoff = configuration.backoff
      return client
    }
  }

  public func whoIs(at member: Member) async -> AddressAnswer {
    await AddressProbe(group: self.group, credentials: self.channels.credentials).ask(member)
  }

  public func report(of member: Member) async -> PeerReport? {
    await self.ask(member).map { $0.reachesEtcd ? .reachesEtcd : .cutOff }
  }

  /// Waits until the member goes by a ring as new as `epoch`, or does not answer.
  ///
  /// - Returns: false where the time was over, or the task cancelled, before.
  public func wait(
    for member: Member, toReach epoch: Epoch, until end: ContinuousClock.Instant
  ) async -> Bool {
    while !Task.isCancelled, ContinuousClock.now < end {
      guard let theirs = await self.ask(member).flatMap({ Epoch($0.epoch) }) else { return true }
      if theirs >= epoch { return true }
      guard await Membership.sleep(Self.waitInterval) else { return false }
    }
    return false
  }

  /// Between two questions for one epoch, which is mostly there at once.
  private static let waitInterval: Duration = .milliseconds(5)

  private func ask(_ member: Member) async -> ReportResponse? {
    do {
      let answer = try await self.channels[member].unary(
        PeerMethod.reportPath, ReportRequest().serialized(), metadata: self.channels.metadata,
        timeout: self.timeout)
      let report = try ReportResponse(decoding: answer.message.readableBytesSpan)
      // At its address there may be another node by now, which speaks for itself only.
      return report.nodeID == member.id ? report : nil
    } catch {
      self.logger.debug(
        "a node does not say how it stands",
        metadata: ["peer": "\(member.id)", "error": "\(error)"])
      return nil
    }
  }

  /// Shows other credentials from the next question on: channels are made anew.
  public func install(_ credentials: PeerCredentials) { self.channels.install(credentials) }

  /// Closes the channels to all that are not among `members`.
  public func keep(_ members: [Member]) async { await self.channels.keep(members) }

  /// Closes all channels. Last of all.
  public func shutdown() async { await self.keep([]) }
}
