internal import Synchronization

/// The client channels of a process that channelz shows. A channel joins the registry that its
/// configuration names, and leaves when it is shut down or freed.
public final class ChannelRegistry: Sendable {
  private struct Entry {
    weak var channel: ClientChannel?
  }

  private let entries = Mutex<[Int64: Entry]>([:])

  public init() {}

  /// The channels whose ids are `start` or above, lowest first, at most `max`.
  public func channels(from start: Int64, max: Int) -> [ClientChannel] {
    let channels = self.entries.withLock { entries in
      entries.filter { $0.key >= start }.sorted { $0.key < $1.key }.compactMap(\.value.channel)
    }
    return Array(channels.prefix(max))
  }

  /// The channel `id`; nil: there is none, or no longer.
  public func channel(_ id: Int64) -> ClientChannel? {
    self.entries.withLock { $0[id]?.channel }
  }

  func add(_ channel: ClientChannel) {
    self.entries.withLock { $0[channel.id] = Entry(channel: channel) }
  }

  func remove(_ id: Int64) {
    self.entries.withLock { entries in entries[id] = nil }
  }
}
