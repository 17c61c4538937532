public import NIOCore

/// How long a server waits for its clients. 0 means forever, unless said otherwise.
public struct ServerTimeouts: Sendable, Equatable {
  /// From the connection being accepted to the client's preface, its SETTINGS, and its
  /// acknowledgement of ours.
  public var preface = TimeAmount.seconds(10)
  /// From the first byte of a frame, or of a header block, to its last. DATA has `body`.
  public var header = TimeAmount.seconds(10)
  /// From the head of a unary call to its whole message; on a streaming call, from the first byte of
  /// a message to its last.
  public var body = TimeAmount.seconds(60)
  /// For a connection without a call.
  public var idle = TimeAmount.hours(1)
  /// For any connection, give or take a tenth, so that those opened together do not end together.
  public var ageMax = TimeAmount.zero
  /// Given to the calls of a connection that has reached its age. 0: none.
  public var ageGrace = TimeAmount.seconds(30)
  /// For output that the client does not take, of a connection or of one call.
  public var write = TimeAmount.seconds(30)
  /// A client that has been silent for so long is sent a PING.
  public var keepaliveInterval = TimeAmount.hours(2)
  /// For the answer to that PING. At least a millisecond.
  public var keepalive = TimeAmount.seconds(20)

  public init() {}

  /// How often connections are looked at: ten times within the shortest of these waits, but neither
  /// more often than each 10 ms nor more rarely than each second.
  public var sweepInterval: TimeAmount {
    let waits = [
      self.preface, self.header, self.body, self.idle, self.ageMax, self.ageGrace, self.write,
      self.keepaliveInterval, self.keepalive,
    ]
    let shortest = waits.filter { $0 > .zero }.min() ?? .seconds(10)
    let tenth = TimeAmount.nanoseconds(shortest.nanoseconds / 10)
    return min(max(tenth, .milliseconds(10)), .seconds(1))
  }
}
