internal import NIOCore

/// Decides when a peer is suspected: its connection stands, and it says nothing though it has calls to
/// answer; and when it is dead: its address refuses connections. No I/O and no clock: time is an argument.
struct PeerHealthMachine {
  enum OnRefusal: Equatable {
    /// Try again at that time, or sooner if the backoff says so.
    case again(at: NIODeadline)
    /// As the backoff says.
    case none
    /// The process is gone: nobody listens.
    case dead
  }

  /// One refusal may be a process that is just starting; that many in a row are none that is there.
  static let refusalsForDeath = 3
  /// The refusals come within this.
  static let refusalWindow = TimeAmount.milliseconds(100)
  /// Between two attempts that are to tell.
  static let refusalPause = TimeAmount.milliseconds(30)
  /// Such attempts after one success: where the machine is too slow for the window, backoff goes on.
  static let quickAttemptsMax = 5

  private let suspectAfter: TimeAmount
  /// When the first call was sent after which nothing was heard; nil: none that is known to be unanswered.
  private var silentSince: NIODeadline?
  /// The newest ones in a row.
  private var refusals: [NIODeadline] = []
  private var quickAttempts = 0

  /// - Parameter suspectAfter: silence of a peer that has calls to answer.
  init(suspectAfter: TimeAmount) { self.suspectAfter = suspectAfter }

  /// A call has ended without an answer: its time was up, or its caller has left.
  ///
  /// - Parameters:
  ///   - sentAt: when the call went out.
  ///   - heardAt: when the connection has last brought a byte.
  /// - Returns: for how long the peer has been silent, if it is to be suspected.
  mutating func unanswered(
    sentAt: NIODeadline, heardAt: NIODeadline, _ now: NIODeadline
  ) -> TimeAmount? {
    // It was busy with others: an answer that is late is no sign of death.
    guard heardAt <= sentAt else {
      self.silentSince = nil
      return nil
    }
    // A call before this one may have been without an answer as well, however short its time was.
    var since = sentAt
    if let earlier = self.silentSince, earlier >= heardAt { since = min(since, earlier) }
    self.silentSince = since
    let silence = now - since
    return silence >= self.suspectAfter ? silence : nil
  }

  /// The peer has answered anything, or there is a new connection.
  mutating func heard() {
    self.silentSince = nil
    self.refusals = []
    self.quickAttempts = 0
  }

  /// The address has refused a connection.
  mutating func refused(_ now: NIODeadline) -> OnRefusal {
    self.refusals = self.refusals.suffix(Self.refusalsForDeath - 1) + [now]
    let first = self.refusals[0]
    if self.refusals.count == Self.refusalsForDeath && now - first <= Self.refusalWindow {
      return .dead
    }
    guard self.quickAttempts < Self.quickAttemptsMax else { return .none }
    self.quickAttempts += 1
    return .again(at: now + Self.refusalPause)
  }

  /// An attempt to connect has failed otherwise: that says nothing of the process.
  mutating func failed() { self.refusals = [] }
}
