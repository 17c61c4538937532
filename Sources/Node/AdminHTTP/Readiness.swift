internal import Synchronization

/// Whether a node takes calls now, and if not, why.
final class Readiness: Sendable {
  enum State {
    /// Not yet. Can go to `serving` or `draining`.
    case starting
    /// Can go to `draining`.
    case serving
    /// Calls under way are finished, and the node ends.
    case draining
  }

  private let state = Mutex(State.starting)

  var current: State {
    get { self.state.withLock { $0 } }
    set { self.state.withLock { $0 = newValue } }
  }
}
