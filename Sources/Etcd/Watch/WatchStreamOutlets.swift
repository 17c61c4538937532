internal import GRPC

/// Where what the machine wants goes while a stream is open.
struct WatchStreamOutlets {
  /// Why we close a stream.
  enum CloseReason: Equatable {
    case notWanted
    case tokenRefused
    case fault(WatchMachine.StreamFault)
  }

  /// Never more than one for each watch, a cancellation of each, and a progress request.
  let requests: AsyncStream<WatchRequest>.Continuation
  let probes: AsyncStream<Void>.Continuation
  let call: ClientStreamingCall
  private(set) var closeReason: CloseReason?

  init(
    requests: AsyncStream<WatchRequest>.Continuation, probes: AsyncStream<Void>.Continuation,
    call: ClientStreamingCall
  ) {
    self.requests = requests
    self.probes = probes
    self.call = call
  }

  /// The first reason counts.
  mutating func close(_ reason: CloseReason) {
    guard self.closeReason == nil else { return }
    self.closeReason = reason
    self.call.cancel()
  }
}
