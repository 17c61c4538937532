public import LarderAPI

/// How a forwarded call, or one part of a batch, ended.
public enum ForwardResult: String, CaseIterable, Sendable {
  /// The owner has answered.
  case ok
  /// The owner has answered with an error that is the caller's.
  case error
  /// It was surely not done: the owner could not be reached, or took no more calls.
  case unreachable
  /// It may have been done or not: the connection was lost, or no answer came in time.
  case unknown
  /// The client's deadline has passed.
  case deadline
  /// The client has cancelled the call, or was lost.
  case cancelled
  /// The node that this one takes for the owner is not the owner.
  case wrongOwner = "wrong_owner"
  /// The peer does not let this node call.
  case refused
}

/// The forwards of one event loop, or of several together, by method and result.
public struct ForwardCounts: Sendable, Equatable {
  private var counts = [Int](
    repeating: 0, count: CacheMethod.allCases.count * ForwardResult.allCases.count)

  public init() {}

  public subscript(method: CacheMethod, result: ForwardResult) -> Int {
    self.counts[Self.index(method, result)]
  }

  mutating func count(_ method: CacheMethod, _ result: ForwardResult) {
    self.counts[Self.index(method, result)] += 1
  }

  mutating func add(_ other: ForwardCounts) {
    for index in self.counts.indices { self.counts[index] += other.counts[index] }
  }

  private static func index(_ method: CacheMethod, _ result: ForwardResult) -> Int {
    let offset: Int =
      switch result {
      case .ok: 0
      case .error: 1
      case .unreachable: 2
      case .unknown: 3
      case .deadline: 4
      case .cancelled: 5
      case .wrongOwner: 6
      case .refused: 7
      }
    return method.rawValue * ForwardResult.allCases.count + offset
  }
}
