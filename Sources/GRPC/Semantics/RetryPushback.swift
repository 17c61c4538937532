internal import HTTP2
public import NIOCore

/// What a server that fails a call asks of a client that would make it again: the trailer
/// `grpc-retry-pushback-ms` (gRFC A6). Clients of other makes heed it where their own policy has them
/// retry at all.
public enum RetryPushback: Hashable, Sendable {
  /// Not before this has passed, and at once then. Travels in whole milliseconds, rounded up, up to
  /// Int32.max of them.
  case after(TimeAmount)
  /// Not at all.
  case never

  /// What a client makes of the trailer's value: a number of milliseconds, or else do not retry.
  init(_ value: RawSpan) {
    guard let milliseconds = Int32(value.text), milliseconds >= 0 else {
      self = .never
      return
    }
    self = .after(.milliseconds(Int64(milliseconds)))
  }

  /// How long to wait; nil: for ever.
  var delay: TimeAmount? {
    switch self {
    case .after(let delay): delay
    case .never: nil
    }
  }

  /// The trailer's value.
  var text: String {
    switch self {
    case .never: "-1"
    case .after(let wait):
      "\(min(Self.milliseconds(wait), Int64(Int32.max)))"
    }
  }

  private static func milliseconds(_ wait: TimeAmount) -> Int64 {
    let nanoseconds = max(wait.nanoseconds, 0)
    return nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1)
  }
}
