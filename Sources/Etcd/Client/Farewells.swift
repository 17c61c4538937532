internal import Synchronization

/// Those who have something to tell etcd when they stop, such as that a lease is not needed any more: the
/// connections wait for them.
final class Farewells: Sendable {
  private struct State {
    var count = 0
    var whenNone: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Somebody begins who will have something to tell.
  func enter() { self.state.withLock { $0.count += 1 } }

  /// One of them has told it.
  func leave() {
    self.state.withLock { state in
      state.count -= 1
      if state.count == 0 { Self.resume(&state) }
    }
  }

  /// Returns when nobody is left, and at `timeout` at the latest. One caller.
  func wait(timeout: Duration) async {
    // A task of its own: the caller's is cancelled already, mostly.
    let timer = Task {
      do {
        try await Task.sleep(for: timeout)
      } catch {
        // Nobody is left.
        return
      }
      self.state.withLock { Self.resume(&$0) }
    }
    await withCheckedContinuation { continuation in
      self.state.withLock { state in
        state.whenNone = continuation
        if state.count == 0 { Self.resume(&state) }
      }
    }
    timer.cancel()
  }

  private static func resume(_ state: inout State) {
    state.whenNone?.resume()
    state.whenNone = nil
  }
}
