internal import GRPC
internal import Glibc
internal import NIOCore
internal import Wire

/// `Socket`.
struct ChannelzSocket: WireMessage {
  let socket: SocketSnapshot
  let clock: ChannelzClock

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, ChannelzRef(socket: self.socket))
    if let traffic = self.socket.traffic {
      sink.message(field: 2, ChannelzSocketData(traffic: traffic, clock: self.clock))
    }
    if let local = self.socket.local { sink.message(field: 3, ChannelzAddress(address: local)) }
    if let remote = self.socket.remote { sink.message(field: 4, ChannelzAddress(address: remote)) }
    if let cipher = self.socket.cipherSuite {
      sink.message(field: 5, ChannelzAnswer(content: ChannelzTLS(cipherSuite: cipher)))
    }
  }
}

/// `SocketData`.
private struct ChannelzSocketData: WireMessage {
  let traffic: SocketSnapshot.Traffic
  let clock: ChannelzClock

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    let traffic = self.traffic
    sink.int64(field: 1, Int64(traffic.streamsStarted))
    sink.int64(field: 2, Int64(traffic.streamsSucceeded))
    sink.int64(field: 3, Int64(traffic.streamsFailed))
    sink.int64(field: 4, Int64(traffic.messagesSent))
    sink.int64(field: 5, Int64(traffic.messagesReceived))
    sink.int64(field: 6, Int64(traffic.keepAlivesSent))
    // 7: by this end; 8: by the other.
    self.time(traffic.lastStreamAt, field: traffic.isClient ? 7 : 8, &sink)
    self.time(traffic.lastMessageSentAt, field: 9, &sink)
    self.time(traffic.lastMessageReceivedAt, field: 10, &sink)
    sink.message(field: 11, Int64Value(value: Int64(traffic.sendWindowBytes)))
    sink.message(field: 12, Int64Value(value: Int64(traffic.receiveWindowBytes)))
  }

  @_lifetime(sink: copy sink)
  private func time<Sink: FieldSink & ~Copyable & ~Escapable>(
    _ time: NIODeadline?, field: Int, _ sink: inout Sink
  ) {
    if let time { sink.message(field: field, self.clock.timestamp(time)) }
  }
}

/// `Address`.
struct ChannelzAddress: WireMessage {
  let address: SocketAddress

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self.address {
    case .v4:
      sink.message(field: 1, TCPAddress(bytes: self.bytes(AF_INET, count: 4), port: self.port))
    case .v6:
      sink.message(field: 1, TCPAddress(bytes: self.bytes(AF_INET6, count: 16), port: self.port))
    case .unixDomainSocket:
      sink.message(field: 2, UnixAddress(path: self.address.pathname ?? ""))
    }
  }

  private var port: Int { self.address.port ?? 0 }

  private func bytes(_ family: CInt, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // Always of the family's form: it is what SwiftNIO made of an address of that family.
    inet_pton(family, self.address.ipAddress ?? "", &bytes)
    return bytes
  }

  /// `1.2.3.4:5`, `[::1]:5` or a path.
  static func text(_ address: SocketAddress) -> String {
    guard let host = address.ipAddress, let port = address.port else {
      return address.pathname ?? ""
    }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// `Address.TcpIpAddress`.
private struct TCPAddress: WireMessage {
  let bytes: [UInt8]
  let port: Int

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 1, self.bytes.span.bytes)
    sink.int32(field: 2, Int32(self.port))
  }
}

/// `Address.UdsAddress`.
private struct UnixAddress: WireMessage {
  let path: String

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.path)
  }
}

/// `Security.Tls`.
private struct ChannelzTLS: WireMessage {
  let cipherSuite: String

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.cipherSuite, presence: .explicit)
  }
}

/// `google.protobuf.Int64Value`.
private struct Int64Value: WireMessage {
  let value: Int64

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.value)
  }
}
