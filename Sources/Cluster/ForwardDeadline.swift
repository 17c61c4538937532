public import NIOCore

/// When a forward is given up. No clock: time is an argument.
public struct ForwardDeadline: Equatable {
  public let time: NIODeadline
  /// It comes of the client's deadline, and not of `forwardTimeout`.
  public let isClients: Bool

  /// The client's deadline less a margin, so that its answer, be it an error, gets there in time; or
  /// `timeout` from now on where that is sooner.
  ///
  /// - Parameter margin: a tenth of what is left where that is less.
  public init(
    now: NIODeadline, client: NIODeadline?, timeout: TimeAmount, margin: TimeAmount
  ) {
    let longest = now + timeout
    guard let client else {
      self.time = longest
      self.isClients = false
      return
    }
    let left = max((client - now).nanoseconds, 0)
    let time = client - .nanoseconds(min(margin.nanoseconds, left / 10))
    self.isClients = time <= longest
    self.time = min(time, longest)
  }
}
