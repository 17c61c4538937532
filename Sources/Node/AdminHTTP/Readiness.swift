internal import Synchronization

/// Whether a node takes calls now, and if not, why.
final class Readiness: Sendable {
  enum State {
    /// Not yet. Can go to `joining`, `serving` or `draining`.
    case starting
    /// Not before the node is a member of its cluster. Can go to `serving` or `draining`.
    case joining
    /// Can go to `draining`.
    case serving
    /// Calls under way are finished, and the node ends; or it hands its keys over, and passes calls on.
    case draining
  }

  private let state = Mutex(State.starting)

  var current: State {
    get { self.state.withLock { $0 } }
    set { self.state.withLock { $0 = newValue } }
  }

  /// It takes calls now, unless it was told to stop meanwhile.
  func serve() {
    self.state.withLock { if $0 != .draining { $0 = .serving } }
  }
}
