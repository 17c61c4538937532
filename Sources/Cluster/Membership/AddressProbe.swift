public import GRPC
internal import Logging
public import NIOCore

/// Finds out whether a node is at an address: whether a gRPC server takes a connection there.
public struct AddressProbe: Sendable {
  private let group: any EventLoopGroup
  private let tls: ClientTLS?
  private let timeout: TimeAmount

  /// - Parameters:
  ///   - group: one of its event loops serves the connection.
  ///   - tls: nil where nodes speak plaintext.
  ///   - timeout: after which nobody is there.
  public init(group: any EventLoopGroup, tls: ClientTLS? = nil, timeout: TimeAmount = .seconds(1)) {
    self.group = group
    self.tls = tls
    self.timeout = timeout
  }

  /// Whether a node takes connections at the member's address.
  public func answers(_ member: Member) async -> Bool {
    var configuration = ClientConfiguration()
    configuration.tls = self.tls
    configuration.connectTimeout = self.timeout
    let channel = ClientChannel(
      host: member.host, port: member.port, group: self.group, configuration: configuration,
      logger: Logger(label: "larder.probe") { _ in SwiftLogNoOpLogHandler() })
    let isThere: Bool
    do throws(Status) {
      try await channel.connect(timeout: self.timeout)
      isThere = true
    } catch {
      // Whatever the reason: nobody who could be a node of this cluster answers.
      isThere = false
    }
    await channel.shutdown()
    return isThere
  }
}
