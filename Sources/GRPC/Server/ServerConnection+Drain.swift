internal import HTTP2
internal import NIOCore

// How a server's connection says goodbye (RFC 9113, section 6.8; gRFC A9).
extension ServerConnection {
  enum Drain {
    case no
    /// GOAWAY without a last stream was sent, and a PING; its answer proves that the client has seen
    /// both, and that every call it started before is here. It is waited for until then.
    case announced(ConnectionTimers.DrainReason, pingAcks: Int, until: NIODeadline)
    /// GOAWAY with the last stream was sent.
    case said
  }

  /// How long a drain waits for the answer to its PING before it names the last call. gRFC A9 allows
  /// 10 s; a client that is slower than this makes the calls again that it made meanwhile.
  private static let pingTimeout = TimeAmount.seconds(1)

  /// Takes no further calls, serves those under way, and closes.
  func startDrain(_ reason: ConnectionTimers.DrainReason) {
    self.announce(reason)
    // Streaming calls could go on for ever: when the server stops, their handlers are asked to end.
    guard reason == .shutdown else { return }
    self.session.forEachLiveStream { self.calls.of($0).pointee.task?.cancel() }
  }

  private func announce(_ reason: ConnectionTimers.DrainReason) {
    guard case .no = self.drain else { return }
    // Who has not even said that it speaks HTTP/2 has no call to lose, and answers no PING.
    guard self.session.isPeerReady else { return self.abandonChannel() }
    self.readClock()
    self.drain = .announced(
      reason, pingAcks: self.session.pingAcks, until: self.now + Self.pingTimeout)
    self.session.announceShutdown()
    // Written first, because libnghttp2 sends a PING ahead of whatever else is queued.
    self.flush()
    self.session.ping()
    self.flush()
  }

  /// The second GOAWAY, once the PING between the two is answered, or its time is up.
  func continueDrain(isLate: Bool) {
    guard case .announced(let reason, let pingAcks, _) = self.drain,
      isLate || self.session.pingAcks > pingAcks
    else { return }
    self.drain = .said
    // libnghttp2 has no room for a text in the first.
    self.session.goAway(.noError, debugText: reason.goAwayText)
    self.flush()
  }
}
