internal import Synchronization

/// What one watch has shown and its reader has not taken. Bounded: one that is full takes no more until it
/// is empty, and etcd is told not to send any meanwhile.
///
/// A reader is resumed outside of the lock: that takes a lock of the reader's task, which whoever cancels
/// the task holds while it calls `finish`.
final class WatchMailbox: Sendable {
  private struct State {
    var batches: [WatchBatch] = []
    /// Of `batches`, those that the reader has taken.
    var taken = 0
    var bytes = 0
    /// It was full, and is not empty yet.
    var isBehind = false
    /// Why nothing follows what waits; nil: something may.
    var end: Next?
    var reader: Reader?
  }

  /// Nil for a watch that has ended because nobody wants it any more.
  typealias Next = Result<WatchBatch?, WatchEnd>
  private typealias Reader = CheckedContinuation<Next, Never>

  private let bytesMax: Int
  private let state = Mutex(State())

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// - Returns: false where it was full with this batch, which it has taken.
  func deliver(_ batch: WatchBatch) -> Bool {
    let (reader, hasRoom) = self.state.withLock { state -> (Reader?, Bool) in
      guard state.end == nil else { return (nil, true) }
      if let reader = state.reader.take() { return (reader, true) }
      state.batches.append(batch)
      state.bytes += batch.bytes
      if state.bytes >= self.bytesMax { state.isBehind = true }
      return (nil, !state.isBehind)
    }
    reader?.resume(returning: .success(batch))
    return hasRoom
  }

  /// Nothing follows. The first end counts.
  func finish(_ end: Next) {
    let reader = self.state.withLock { state -> Reader? in
      guard state.end == nil else { return nil }
      state.end = end
      return state.reader.take()
    }
    reader?.resume(returning: end)
  }

  /// The next batch, once there is one. One reader.
  ///
  /// - Parameter drained: called where the mailbox was full and is empty now.
  func next(drained: @Sendable () -> Void) async -> Next {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (result, isDrained) = self.state.withLock { state -> (Next?, Bool) in
          precondition(state.reader == nil, "a watch has one reader at a time")
          if let batch = Self.take(&state) {
            let isDrained = state.isBehind && state.batches.isEmpty
            if isDrained { state.isBehind = false }
            return (.success(batch), isDrained)
          }
          if state.end == nil { state.reader = continuation }
          return (state.end, false)
        }
        if let result { continuation.resume(returning: result) }
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
