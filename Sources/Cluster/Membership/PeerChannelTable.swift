internal import GRPC
internal import Logging
internal import NIOCore
internal import Synchronization

/// One channel to each node of a cluster, made when it is needed first, which stays until its node has
/// left.
final class PeerChannelTable: Sendable {
  private let group: any EventLoopGroup
  /// How a channel is made with these credentials.
  private let configuration: @Sendable (PeerCredentials) -> ClientConfiguration
  private let state: Mutex<State>

  private struct State {
    var credentials: PeerCredentials
    /// By address.
    var channels: [String: ClientChannel] = [:]
    /// Of other credentials; closed by the next `keep`.
    var retired: [ClientChannel] = []
  }

  init(
    group: any EventLoopGroup, credentials: PeerCredentials,
    configuration: @escaping @Sendable (PeerCredentials) -> ClientConfiguration
  ) {
    self.group = group
    self.configuration = configuration
    self.state = Mutex(State(credentials: credentials))
  }

  var credentials: PeerCredentials { self.state.withLock { $0.credentials } }

  /// What each call shows beside the certificate.
  var metadata: Metadata { self.credentials.metadata }

  subscript(member: Member) -> ClientChannel {
    self.state.withLock { state in
      if let channel = state.channels[member.address] { return channel }
      let channel = ClientChannel(
        host: member.host, port: member.port, group: self.group,
        configuration: self.configuration(state.credentials),
        logger: Logger(label: "larder.peers") { _ in SwiftLogNoOpLogHandler() })
      state.channels[member.address] = channel
      return channel
    }
  }

  /// Shows other credentials from the next call on: channels are made anew.
  func install(_ credentials: PeerCredentials) {
    self.state.withLock { state in
      state.credentials = credentials
      state.retired += state.channels.values
      state.channels = [:]
    }
  }

  /// Closes the channels to all that are not among `members`.
  func keep(_ members: [Member]) async {
    let addresses = Set(members.map(\.address))
    let gone = self.state.withLock { state in
      let gone = state.channels.filter { !addresses.contains($0.key) }
      for address in gone.keys { state.channels[address] = nil }
      defer { state.retired = [] }
      return state.retired + gone.values
    }
    for channel in gone { await channel.shutdown() }
  }
}
