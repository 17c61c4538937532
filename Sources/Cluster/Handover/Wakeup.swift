internal import Synchronization

/// Lets one task wait until another says that something has changed. What is said while nobody waits is
/// heard by the next wait.
final class Wakeup: Sendable {
  private struct State {
    var isSet = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Something has changed.
  func wake() {
    let waiter = self.state.withLock { state in
      defer { state.waiter = nil }
      if state.waiter == nil { state.isSet = true }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Waits for a change since the last wait, or until the task is cancelled. One task at a time.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = self.state.withLock { state in
          precondition(state.waiter == nil, "two tasks wait for one wakeup")
          if state.isSet || Task.isCancelled {
            state.isSet = false
            return true
          }
          state.waiter = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      self.wake()
    }
  }

  /// As `wait()`, but no longer than this.
  func wait(atMost duration: Duration) async {
    let timer = Task {
      do {
        try await Task.sleep(for: duration)
        self.wake()
      } catch {
        // Somebody else was faster.
      }
    }
    await self.wait()
    timer.cancel()
  }
}
