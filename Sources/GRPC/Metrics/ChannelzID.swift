internal import Synchronization

/// The names under which channelz knows servers, channels and sockets: positive, unique among all of
/// them, and never given twice in the life of the process (gRFC A14).
enum ChannelzID {
  private static let last = Atomic<Int64>(0)

  static func next() -> Int64 {
    // Wraps after 2^63 of them.
    Self.last.wrappingAdd(1, ordering: .relaxed).newValue
  }
}
