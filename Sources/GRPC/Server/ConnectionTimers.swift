internal import NIOCore

/// Decides when a server's connection has kept us waiting for too long, or has lived for long enough.
/// No I/O and no clock: time is an argument.
///
/// Looked at from time to time rather than told of events: what a connection does costs nothing here.
struct ConnectionTimers {
  /// What a connection shows when it is looked at.
  struct Signs: Equatable {
    /// The preface, SETTINGS, and the acknowledgement of ours have come.
    var isSettled = true
    /// The frame or header block that has begun and not ended; see `Session.openUnit`.
    var openUnit: Int?
    /// Changes as long as output moves; nil where none waits.
    var outputMark: Int?
    /// All bytes that came.
    var receivedBytes = 0
    /// The connection is not read from, because its output does not move.
    var isHeld = false
    /// Calls are under way.
    var hasCalls = false
    /// The last call that was made.
    var lastStream: Int32 = 0
  }

  enum DrainReason: Equatable {
    case shutdown, idle, age

    /// What GOAWAY says (gRFC A9).
    var goAwayText: String {
      switch self {
      case .shutdown: ""
      case .idle: "max_idle"
      case .age: "max_age"
      }
    }
  }

  enum Action: Equatable {
    case none
    /// Ask the client for a sign of life.
    case ping
    case drain(DrainReason)
    /// End it: it has run into this limit.
    case close(PeerLimit)
  }

  /// A connection's life. Each case may go to the one below.
  private enum Age: Equatable {
    case young(until: NIODeadline)
    /// It is being drained, and calls may end until then.
    case grace(until: NIODeadline)
    case unlimited
  }

  private let timeouts: ServerTimeouts
  private let acceptedAt: NIODeadline
  private var age: Age
  private var header = StallClock()
  private var output = StallClock()
  private var idle = StallClock()
  private var keepalive: Keepalive?
  private var receivedBytes = 0
  private var isLeaving = false

  /// - Parameter jitter: of the age, -0.1 to 0.1.
  init(_ timeouts: ServerTimeouts, acceptedAt now: NIODeadline, jitter: Double) {
    self.timeouts = timeouts
    self.acceptedAt = now
    let age = Double(timeouts.ageMax.nanoseconds) * (1 + jitter)
    self.age = age > 0 ? .young(until: now + .nanoseconds(Int64(age))) : .unlimited
    if timeouts.keepaliveInterval > .zero {
      var keepalive = Keepalive(
        interval: timeouts.keepaliveInterval, timeout: timeouts.keepalive)
      keepalive.started(now)
      self.keepalive = keepalive
    }
  }

  mutating func look(_ signs: Signs, now: NIODeadline) -> Action {
    if case .grace(let until) = self.age, now >= until { return .close(.connectionAgeGrace) }
    if self.output.look(at: signs.outputMark, now: now, timeout: self.timeouts.write) {
      return .close(.writeTimeout)
    }
    guard signs.isSettled else {
      let isLate = now - self.acceptedAt >= self.timeouts.preface
      return isLate && self.timeouts.preface > .zero ? .close(.prefaceTimeout) : .none
    }
    if self.header.look(at: signs.openUnit, now: now, timeout: self.timeouts.header) {
      return .close(.headerTimeout)
    }
    if case .young(let until) = self.age, now >= until {
      self.age = .grace(until: now + self.timeouts.ageGrace)
      self.isLeaving = true
      return .drain(.age)
    }
    let idleMark = signs.hasCalls || self.isLeaving ? nil : Int(signs.lastStream)
    if self.idle.look(at: idleMark, now: now, timeout: self.timeouts.idle) {
      self.isLeaving = true
      return .drain(.idle)
    }
    return self.checkKeepalive(signs, now)
  }

  private mutating func checkKeepalive(_ signs: Signs, _ now: NIODeadline) -> Action {
    // One that is not read from cannot be heard; whether it reads is `write-timeout`'s to find out.
    if signs.receivedBytes != self.receivedBytes || signs.isHeld {
      self.receivedBytes = signs.receivedBytes
      self.keepalive?.heard(now)
    }
    switch self.keepalive?.check(now, hasCalls: true) {
    case nil, .rest, .wait: return .none
    case .ping: return .ping
    case .giveUp: return .close(.keepaliveTimeout)
    }
  }
}
