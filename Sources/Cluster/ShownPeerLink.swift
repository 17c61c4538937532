internal import GRPC
internal import NIOCore

/// A link to a peer as channelz shows it: one channel for each event loop and connection that it may have.
///
/// `@unchecked Sendable`: the link is looked at on its event loop only.
final class ShownPeerLink: ShownChannel, @unchecked Sendable {
  let id: Int64
  private let target: String
  private let eventLoop: any EventLoop
  private weak var link: PeerLink?

  init(_ link: PeerLink, id: Int64, on eventLoop: any EventLoop) {
    self.id = id
    self.target = link.member.address
    self.eventLoop = eventLoop
    self.link = link
  }

  func snapshot() async -> ChannelSnapshot {
    await withCheckedContinuation { continuation in
      self.eventLoop.execute {
        // One that is gone was taken out of the registry a moment ago.
        let gone = ChannelTally().snapshot(target: self.target, state: .shutdown, open: [])
        continuation.resume(returning: self.link?.channelSnapshot() ?? gone)
      }
    }
  }
}

extension PeerLinkStateMachine.Shown {
  /// In channelz's words.
  var channelState: ChannelSnapshot.State {
    switch self {
    case .idle: .idle
    case .connecting: .connecting
    case .ready: .ready
    case .suspected, .unreachable: .transientFailure
    case .closed: .shutdown
    }
  }
}
