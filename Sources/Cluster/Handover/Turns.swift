internal import Synchronization

/// Has tasks do something one after the other that waits in between, in the order in which they come. What
/// is done must end by itself: a turn that is waited for cannot be cancelled.
final class Turns: Sendable {
  private struct State {
    var isTaken = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func take<Result: Sendable>(
    _ body: @Sendable () async -> Result
  ) async -> Result {
    await withCheckedContinuation { continuation in
      let isFree = self.state.withLock { state in
        defer { state.isTaken = true }
        if state.isTaken { state.waiting.append(continuation) }
        return !state.isTaken
      }
      if isFree { continuation.resume() }
    }
    let result = await body()
    let next = self.state.withLock { state in
      if state.waiting.isEmpty {
        state.isTaken = false
        return nil as CheckedContinuation<Void, Never>?
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
    return result
  }
}
