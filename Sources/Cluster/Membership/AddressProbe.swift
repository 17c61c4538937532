internal import GRPC
internal import LarderAPI
internal import Logging
public import NIOCore
internal import Wire

/// Who is at an address where a node of the cluster is expected.
public enum AddressAnswer: Hashable, Sendable {
  /// A node, and which of its processes: see `Member.incarnation`; 0: it is of a version that does not say.
  case node(id: String, incarnation: UInt64)
  /// A server that does not take this node's credentials for those of a peer; the text says why.
  case refused(String)
  /// A gRPC server that does not say who it is; the text is its answer.
  case other(String)
  /// Nobody who could be a node of this cluster; the text says why.
  case nobody(String)
}

/// Finds out who is at an address, by a connection of its own: what the nodes' channels have found out,
/// they may have found out before the address was good.
public struct AddressProbe: Sendable {
  private let group: any EventLoopGroup
  private let credentials: PeerCredentials
  private let timeout: TimeAmount

  /// - Parameters:
  ///   - group: one of its event loops serves the connection.
  ///   - credentials: that this node shows its peers.
  ///   - timeout: after which nobody is there.
  public init(
    group: any EventLoopGroup, credentials: PeerCredentials = PeerCredentials(),
    timeout: TimeAmount = .seconds(1)
  ) {
    self.group = group
    self.credentials = credentials
    self.timeout = timeout
  }

  /// Who takes calls at the member's address.
  public func ask(_ member: Member) async -> AddressAnswer {
    var configuration = ClientConfiguration()
    configuration.tls = self.credentials.tls
    configuration.connectTimeout = self.timeout
    let channel = ClientChannel(
      host: member.host, port: member.port, group: self.group, configuration: configuration,
      logger: Logger(label: "larder.probe") { _ in SwiftLogNoOpLogHandler() })
    let answer = await self.ask(channel)
    await channel.shutdown()
    return answer
  }

  private func ask(_ channel: ClientChannel) async -> AddressAnswer {
    do throws(Status) {
      try await channel.connect(timeout: self.timeout)
    } catch {
      return .nobody(error.message)
    }
    do {
      let answer = try await channel.unary(
        PeerMethod.reportPath, ReportRequest().serialized(), metadata: self.credentials.metadata,
        timeout: self.timeout)
      let report = try ReportResponse(decoding: answer.message.readableBytesSpan)
      return .node(id: report.nodeID, incarnation: report.incarnation)
    } catch let status as Status {
      switch status.code {
      case .unauthenticated, .permissionDenied: return .refused("\(status)")
      default: return .other("\(status)")
      }
    } catch {
      return .other("an answer that is no message of this call: \(error)")
    }
  }
}
