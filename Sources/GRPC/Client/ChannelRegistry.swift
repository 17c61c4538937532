internal import Synchronization

/// What channelz shows as a channel: a `ClientChannel`, or other connections to one server.
public protocol ShownChannel: AnyObject, Sendable {
  /// Of a `ChannelTally`, or another that channelz knows nothing else by.
  var id: Int64 { get }
  /// What it does, and has done.
  func snapshot() async -> ChannelSnapshot
}

extension ClientChannel: ShownChannel {}

/// The client channels of a process that channelz shows. A `ClientChannel` joins the registry that its
/// configuration names, and leaves when it is shut down or freed; others are held by nobody here either.
public final class ChannelRegistry: Sendable {
  private struct Entry {
    weak var channel: (any ShownChannel)?
  }

  private let entries = Mutex<[Int64: Entry]>([:])

  public init() {}

  /// The channels whose ids are `start` or above, lowest first, at most `max`.
  public func channels(from start: Int64, max: Int) -> [any ShownChannel] {
    let channels = self.entries.withLock { entries in
      entries.filter { $0.key >= start }.sorted { $0.key < $1.key }.compactMap(\.value.channel)
    }
    return Array(channels.prefix(max))
  }

  /// The channel `id`; nil: there is none, or no longer.
  public func channel(_ id: Int64) -> (any ShownChannel)? {
    self.entries.withLock { $0[id]?.channel }
  }

  /// Shows a channel from now on.
  public func add(_ channel: some ShownChannel) {
    self.entries.withLock { $0[channel.id] = Entry(channel: channel) }
  }

  /// Shows it no more. One that is freed must be taken out, too.
  public func remove(_ id: Int64) {
    self.entries.withLock { entries in entries[id] = nil }
  }
}
