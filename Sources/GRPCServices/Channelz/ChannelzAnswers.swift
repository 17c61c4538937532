internal import GRPC
internal import Wire

/// The answers of `grpc.channelz.v1` that hold one thing, in field 1.
struct ChannelzAnswer<Content: WireMessage>: WireMessage {
  let content: Content

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.content)
  }
}

/// The answers of `grpc.channelz.v1` that hold a page, in field 1, and whether it is the last.
struct ChannelzPage<Content: WireMessage>: WireMessage {
  let contents: [Content]
  let isEnd: Bool

  /// - Parameter found: one more than `max`, where there are that many.
  init(_ found: [Content], max: Int) {
    self.contents = Array(found.prefix(max))
    self.isEnd = found.count <= max
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for content in self.contents { sink.message(field: 1, content) }
    sink.bool(field: 2, self.isEnd)
  }
}

/// `Server`.
struct ChannelzServer: WireMessage {
  let id: Int64
  let listeners: [SocketSnapshot]
  let metrics: ServerMetrics
  let clock: ChannelzClock

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    let name = self.listeners.first?.local.map(ChannelzAddress.text) ?? ""
    sink.message(field: 1, ChannelzRef(self.id, field: 5, name: name))
    sink.message(field: 2, self.data)
    for listener in self.listeners { sink.message(field: 3, ChannelzRef(socket: listener)) }
  }

  private var data: ChannelzCalls {
    let ended = self.metrics.methods.flatMap { $0.ended.map { ($0.key, $0.value.count) } }
    let ok = ended.reduce(0) { $0 + ($1.0 == .ok ? $1.1 : 0) }
    let all = ended.reduce(0) { $0 + $1.1 }
    return ChannelzCalls(
      firstField: 2, started: self.metrics.methods.reduce(0) { $0 + $1.started }, succeeded: ok,
      failed: all - ok,
      lastStarted: self.metrics.connections.lastStreamAt.map(self.clock.timestamp))
  }
}

/// `Channel`.
struct ChannelzChannel: WireMessage {
  let channel: ChannelSnapshot
  let clock: ChannelzClock

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(
      field: 1, ChannelzRef(self.channel.id, field: 1, name: self.channel.target))
    sink.message(field: 2, ChannelzChannelData(channel: self.channel, clock: self.clock))
    for socket in self.channel.sockets { sink.message(field: 5, ChannelzRef(socket: socket)) }
  }
}

/// `ChannelData`.
private struct ChannelzChannelData: WireMessage {
  let channel: ChannelSnapshot
  let clock: ChannelzClock

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, State(state: self.channel.state))
    sink.string(field: 2, self.channel.target)
    let calls = ChannelzCalls(
      firstField: 4, started: self.channel.callsStarted, succeeded: self.channel.callsSucceeded,
      failed: self.channel.callsFailed,
      lastStarted: self.channel.lastCallStartedAt.map(self.clock.timestamp))
    calls.encode(into: &sink)
  }

  /// `ChannelConnectivityState`.
  private struct State: WireMessage {
    let state: ChannelSnapshot.State

    func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
      let number: Int32 =
        switch self.state {
        case .idle: 1
        case .connecting: 2
        case .ready: 3
        case .transientFailure: 4
        case .shutdown: 5
        }
      sink.int32(field: 1, number)
    }
  }
}

/// The four fields about calls that `ServerData` and `ChannelData` have in common, one after the
/// other from `firstField` on.
private struct ChannelzCalls: WireMessage {
  let firstField: Int
  let started: Int
  let succeeded: Int
  let failed: Int
  let lastStarted: ChannelzTimestamp?

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: self.firstField, Int64(self.started))
    sink.int64(field: self.firstField + 1, Int64(self.succeeded))
    sink.int64(field: self.firstField + 2, Int64(self.failed))
    if let last = self.lastStarted { sink.message(field: self.firstField + 3, last) }
  }
}

/// A reference to a channel, server or socket: the id in `field`, and the name in the next.
struct ChannelzRef: WireMessage {
  let id: Int64
  let field: Int
  let name: String

  init(_ id: Int64, field: Int, name: String) {
    self.id = id
    self.field = field
    self.name = name
  }

  init(socket: SocketSnapshot) {
    let ends = [socket.local, socket.remote].compactMap { $0.map(ChannelzAddress.text) }
    self.init(socket.id, field: 3, name: ends.joined(separator: " - "))
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: self.field, self.id)
    sink.string(field: self.field + 1, self.name)
  }
}
