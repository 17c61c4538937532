/// What the node that has lost hashes does in one Migrate, and when. No I/O, no clock.
///
///     opening ── started ──> sending <── resumed ── paused
///                            │  ▲  └──── paused ───────▲
///           the window full, │  │ acknowledged         │
///           or the last sent ▼  │                      │
///                           waiting ───── paused ──────┘
///                            │
///                            └ the last acknowledged ──> done
struct MigrationStream: Equatable {
  private enum State: Equatable {
    /// The heir has yet to say what it wants. Can go to `sending` and `paused`.
    case opening
    /// A batch may be sent. Can go to `waiting` and `paused`.
    case sending(Batches)
    /// For acknowledgements: the window is full, or the last batch was sent. Can go to `sending`,
    /// `paused` and `done`.
    case waiting(Batches)
    /// Nothing is sent; acknowledgements still count. Can go to where it was, and to `done`.
    case paused(Batches)
    /// The last batch was acknowledged. Final.
    case done
  }

  /// Which were sent, and which of them are in the heir's store.
  private struct Batches: Equatable {
    var sent: UInt64
    var acknowledged: UInt64
    var isLastSent = false
  }

  /// What the heir does wrong: the stream ends.
  enum Fault: Error, Equatable {
    case startedTwice
    /// Behind a batch that no migration comes to.
    case startedWrongly(UInt64)
    case notStarted
    /// It was not sent, or acknowledged before.
    case acknowledgedWrongly(UInt64)
    /// The heir says no more, though it has not acknowledged the last batch.
    case leftEarly
  }

  /// What is to be done next.
  enum Step: Equatable {
    /// Send the batch with this number.
    case send(UInt64)
    /// Wait for the heir.
    case wait
    /// Wait until it is resumed.
    case rest
    /// Everything is in the heir's store.
    case end
  }

  private let window: UInt64
  private var state = State.opening

  /// - Parameter window: batches that may be unacknowledged, at least 1.
  init(window: Int) {
    precondition(window > 0, "nothing could be sent")
    self.window = UInt64(window)
  }

  /// What is to be done now.
  var step: Step {
    switch self.state {
    case .opening, .waiting: .wait
    case .sending(let batches): .send(batches.sent + 1)
    case .paused: .rest
    case .done: .end
    }
  }

  /// The heir has said what it wants.
  ///
  /// - Parameter after: the last batch that it has.
  mutating func start(after: UInt64) throws(Fault) {
    guard self.state == .opening else { throw .startedTwice }
    // So that no sum below overflows.
    guard after < UInt64.max / 2 else { throw .startedWrongly(after) }
    self.state = .sending(Batches(sent: after, acknowledged: after))
  }

  /// The batch of `step` was sent.
  mutating func sent(isLast: Bool) {
    guard case .sending(var batches) = self.state else {
      preconditionFailure("a batch was sent that was not to be")
    }
    batches.sent += 1
    batches.isLastSent = isLast
    self.go(on: batches)
  }

  /// The heir has the batch, and all before it.
  mutating func acknowledge(_ number: UInt64) throws(Fault) {
    var batches: Batches
    switch self.state {
    case .opening: throw .notStarted
    case .done: throw .acknowledgedWrongly(number)
    case .sending(let now), .waiting(let now), .paused(let now): batches = now
    }
    guard number > batches.acknowledged, number <= batches.sent else {
      throw .acknowledgedWrongly(number)
    }
    batches.acknowledged = number
    if batches.isLastSent, number == batches.sent {
      self.state = .done
    } else if case .paused = self.state {
      self.state = .paused(batches)
    } else {
      self.go(on: batches)
    }
  }

  /// An operator wants it to rest, or not any more.
  mutating func setPaused(_ isPaused: Bool) {
    switch self.state {
    case .sending(let batches) where isPaused, .waiting(let batches) where isPaused:
      self.state = .paused(batches)
    case .paused(let batches) where !isPaused: self.go(on: batches)
    case .opening, .sending, .waiting, .paused, .done: break
    }
  }

  /// The heir says no more.
  func heirLeft() throws(Fault) {
    guard self.state == .done else { throw .leftEarly }
  }

  private mutating func go(on batches: Batches) {
    let isFull = batches.sent - batches.acknowledged >= self.window
    self.state = isFull || batches.isLastSent ? .waiting(batches) : .sending(batches)
  }
}
