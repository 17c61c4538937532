internal import Synchronization

/// One migration as those see it who carry it out: what it is to do, and where it says how far it is.
final class MigrationTrack: Sendable {
  /// What operators want of it.
  enum Order: Sendable {
    case go, pause, cancel
  }

  let peer: MemberProcess
  /// Woken when the order or the throttle changes.
  let wakeup: Wakeup
  private let number: Int
  private let direction: MigrationDirection
  private let register: MigrationRegister

  init(
    _ number: Int, _ peer: MemberProcess, _ direction: MigrationDirection, _ wakeup: Wakeup,
    in register: MigrationRegister
  ) {
    self.number = number
    self.peer = peer
    self.direction = direction
    self.wakeup = wakeup
    self.register = register
  }

  var order: Order {
    self.register.state.withLock { state in
      if state.migrations[self.number]?.isCancelled ?? true { return .cancel }
      return state.isPaused(self.peer.id) ? .pause : .go
    }
  }

  /// A batch was sent, or is in the store.
  func moved(bytes: Int, items: Int, donePermille: Int) {
    self.register.state.withLock { state in
      state.migrations[self.number]?.traffic.add(bytes: bytes, items: items)
      state.migrations[self.number]?.meter.add(bytes, now: .now)
      state.migrations[self.number]?.donePermille = donePermille
      state.counts[self.direction].add(bytes: bytes, items: items)
    }
  }

  /// It is over, one way or the other.
  func end() {
    self.register.state.withLock { _ = $0.migrations.removeValue(forKey: self.number) }
  }
}
