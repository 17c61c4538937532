internal import LarderAPI

/// What handovers take of a node: how it sends, and how it listens.
public struct HandoverLimits: Sendable, Equatable {
  /// Of a batch, in bytes; one with a single entry may be larger, and the last one has floors besides.
  public var batchMaxBytes = 256 << 10
  /// Batches under way on one stream that the heir has not acknowledged.
  public var window = 16
  /// Without anything to say for so long, the sender gives a sign of life.
  var signInterval: Duration = .seconds(5)
  /// Without a sign of life for so long, the heir gives the stream up.
  var silenceMax: Duration = .seconds(30)
  /// For the heir to say what it wants.
  var startTimeout: Duration = .seconds(10)

  /// As by default.
  public init() {}

  /// What Seal and Migrate take in any case: an order for all ranges that one may have, and names.
  static let requestBytes = 16 * SealRequest.rangesMax + (64 << 10)
  /// What the one who asks takes in any case: the largest batches that may be configured, and values.
  static let answerBytes = 64 << 20
  /// Keys that one Fetch is answered for, so that no event loop is held up.
  static let fetchKeysMax = 1_024
  /// Of keys in one Fetch, and of one answer with more than one result.
  static let fetchBytesMax = 1 << 20
}
