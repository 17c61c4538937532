internal import HTTP2
internal import Logging
internal import NIOCore

// What a connection and its calls are late with, looked at from time to time by `ServerLoop`.
extension ServerConnection {
  func sweep() {
    // Told to close, and waiting for the peer's goodbye; or gone.
    guard !self.isEnding && self.context != nil else { return }
    self.readClock()
    if case .announced(_, _, let until) = self.drain, self.now >= until {
      self.continueDrain(isLate: true)
    }
    self.countRefusals()
    let outputMark = self.outputMark
    let signs = ConnectionTimers.Signs(
      isSettled: self.session.isPeerReady && self.session.isSettingsAcknowledged,
      // Not its fault where it is not read from.
      openUnit: self.isReadHeld ? nil : self.session.openUnit, outputMark: outputMark,
      receivedBytes: self.session.receivedBytes, isHeld: self.isReadHeld,
      hasCalls: self.session.liveStreams > 0,
      lastStream: self.session.lastStream)
    switch self.timers.look(signs, now: self.now) {
    case .none: break
    case .ping:
      self.session.ping()
      self.flush()
    case .drain(let reason):
      guard case .no = self.drain else { break }
      // Nobody's fault, and no news for an operator.
      self.resources.limitHits.count(reason == .age ? .connectionAgeMax : .idleTimeout)
      self.logger.debug(
        "connection is asked to go",
        metadata: ["peer": "\(self.peerName)", "reason": "\(reason.goAwayText)"])
      self.startDrain(reason)
    case .close(let limit):
      return self.close(limit)
    }
    guard self.session.liveStreams > 0 else { return }
    self.batch {
      self.session.forEachLiveStream { self.sweep($0, isOutputStalled: outputMark != nil) }
    }
  }

  /// Ends a connection that has kept us waiting, and says why where it may still be heard.
  private func close(_ limit: PeerLimit) {
    self.hit(limit)
    if self.session.isPeerReady {
      let code = limit == .prefaceTimeout ? ErrorCode.settingsTimeout : .noError
      // As it was told before, where it is its age.
      let text =
        limit == .connectionAgeGrace
        ? ConnectionTimers.DrainReason.age.goAwayText : limit.rawValue
      self.session.goAway(code, debugText: text)
    }
    self.closeAfterFlush()
  }

  private func sweep(_ stream: HTTP2.Stream, isOutputStalled: Bool) {
    guard stream.closeCode == nil else { return }
    let call = self.calls.of(stream)
    let timeouts = self.limits.timeouts
    let phase = call.pointee.phase
    let inboundMark = self.isReadHeld ? nil : self.inboundMark(stream)
    if call.pointee.inbound.look(at: inboundMark, now: self.now, timeout: timeouts.body) {
      self.hit(.bodyTimeout)
      let status = self.bodyLate()
      return phase == .streaming
        ? self.endStreaming(stream, status) : self.fail(stream, status)
    }
    // A stream cannot move where its connection does not; and one whose own window is open waits for
    // the connection's, which others may be using: it moves when they do.
    let waits = stream.isHeadSubmitted && stream.outboundCount > 0 && !isOutputStalled
    let mark =
      self.session.isWindowShut(stream) ? stream.sentBytes : self.counts.pointee.bytesSent
    let outboundMark = waits ? mark : nil
    if call.pointee.outbound.look(at: outboundMark, now: self.now, timeout: timeouts.write) {
      self.hit(.writeTimeout)
      self.session.reset(stream, .enhanceYourCalm)
    }
    // Nobody looks at the message of an answered call, which waits here with its answer.
    if phase == .answered { self.session.discardInbound(stream, keepingBytes: 0) }
  }

  /// What a message that is not whole must have grown by to be given its time again.
  private static let progressStepBytes = 64 << 10

  /// Changes with each message that comes, and while a large one grows; nil where no byte of the next
  /// has come, or where it is the handler who makes it wait.
  private func inboundMark(_ stream: HTTP2.Stream) -> Int? {
    let call = self.calls.of(stream)
    switch call.pointee.phase {
    // Progress, in steps that a peer cannot make byte by byte: a large message may take its time.
    case .receiving: return stream.inboundCount / Self.progressStepBytes
    case .streaming:
      guard let pipe = call.pointee.pipe, stream.inboundCount > 0 && !pipe.isInboxFull else {
        return nil
      }
      // What waits here is one message of at most 4 GiB: its steps take less than 32 bits.
      return pipe.messagesReceived << 32 | stream.inboundCount / Self.progressStepBytes
    case .new, .serving, .replying, .parked, .answered: return nil
    }
  }

  private func bodyLate() -> Status {
    let milliseconds = self.limits.timeouts.body.nanoseconds / 1_000_000
    return Status(
      .deadlineExceeded,
      "the message of the call was not whole after \(milliseconds) ms",
      info: .init(
        reason: "BODY_TIMEOUT",
        metadata: ["limit": "body-timeout", "limit_ms": "\(milliseconds)"]))
  }

  /// Calls that libnghttp2 refused by itself since the last look.
  private func countRefusals() {
    let refused = self.session.refusedStreams
    guard refused > self.refusalsCounted else { return }
    self.hit(.streamsMax, times: refused - self.refusalsCounted)
    self.refusalsCounted = refused
  }
}
