internal import Synchronization

/// What one watch has shown and its reader has not taken. Bounded: one that is full takes no more until it
/// is empty, and etcd is told not to send any meanwhile.
final class WatchMailbox: Sendable {
  private struct State {
    var batches: [WatchBatch] = []
    /// Of `batches`, those that the reader has taken.
    var taken = 0
    var bytes = 0
    /// It was full, and is not empty yet.
    var isBehind = false
    /// Why nothing follows what waits; nil: something may.
    var end: Result<WatchBatch?, WatchEnd>?
    var reader: CheckedContinuation<Result<WatchBatch?, WatchEnd>, Never>?
  }

  private let bytesMax: Int
  private let state = Mutex(State())

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// - Returns: false where it was full with this batch, which it has taken.
  func deliver(_ batch: WatchBatch) -> Bool {
    self.state.withLock { state in
      guard state.end == nil else { return true }
      if let reader = state.reader {
        state.reader = nil
        reader.resume(returning: .success(batch))
        return true
      }
      state.batches.append(batch)
      state.bytes += batch.bytes
      if state.bytes >= self.bytesMax { state.isBehind = true }
      return !state.isBehind
    }
  }

  /// Nothing follows. The first end counts.
  func finish(_ end: Result<WatchBatch?, WatchEnd>) {
    self.state.withLock { state in
      guard state.end == nil else { return }
      state.end = end
      state.reader?.resume(returning: end)
      state.reader = nil
    }
  }

  /// The next batch, once there is one. One reader.
  ///
  /// - Parameter drained: called where the mailbox was full and is empty now.
  func next(drained: @Sendable () -> Void) async -> Result<WatchBatch?, WatchEnd> {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDrained = self.state.withLock { state -> Bool in
          precondition(state.reader == nil, "a watch has one reader at a time")
          if let batch = Self.take(&state) {
            continuation.resume(returning: .success(batch))
            defer { state.isBehind = state.isBehind && !state.batches.isEmpty }
            return state.isBehind && state.batches.isEmpty
          }
          if let end = state.end {
            continuation.resume(returning: end)
          } else {
            state.reader = continuation
          }
          return false
        }
        if isDrained { drained() }
      }
    } onCancel: {
      self.finish(.success(nil))
    }
  }

  private static func take(_ state: inout State) -> WatchBatch? {
    guard state.taken < state.batches.count else { return nil }
    let batch = state.batches[state.taken]
    state.taken += 1
    if state.taken == state.batches.count {
      state.batches = []
      state.taken = 0
      state.bytes = 0
    }
    return batch
  }
}
