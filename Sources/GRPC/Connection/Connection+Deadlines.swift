internal import HTTP2
internal import NIOCore

// When calls end whose answer has not come in time.
extension Connection {
  /// Sees to it that `expire` is called for streams whose deadline passes, this one among them.
  ///
  /// One timer serves all: it is set to the earliest deadline known, and looks over the open streams
  /// when it fires. Calls that end in time, which is nearly all, cost nothing.
  func watch(_ deadline: NIODeadline) {
    if let armed = self.deadlineArmed, armed <= deadline { return }
    guard let context = self.context else { return }
    self.deadlineTimer?.cancel()
    self.deadlineArmed = deadline
    self.deadlineTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.deadlineReached()
    }
  }

  private func deadlineReached() {
    self.deadlineArmed = nil
    self.deadlineTimer = nil
    self.readClock()
    var earliest: NIODeadline?
    self.batch {
      self.session.forEachLiveStream { stream in
        guard stream.closeCode == nil, let deadline = self.deadline(of: stream) else { return }
        if deadline <= self.now {
          self.expire(stream)
        } else {
          earliest = min(earliest ?? deadline, deadline)
        }
      }
    }
    if let earliest { self.watch(earliest) }
  }

  func stopDeadlines() {
    self.deadlineTimer?.cancel()
    self.deadlineTimer = nil
  }
}
