internal import Synchronization

/// What a handler adds to the protocol's own header fields of its answer. Used from the handler's task
/// and from the connection's event loop.
final class AnswerMetadata: Sendable {
  private struct State {
    var initial = Metadata()
    var trailing = Metadata()
    var isHeadTaken = false
  }

  /// Of the fields before the messages, and of those after them, counted as RFC 9113, section 6.5.2,
  /// has it: many clients take no more, and libnghttp2 silently drops a header list above 64 KiB.
  static let maxBytes = 8 << 10

  private let state = Mutex(State())

  init() {}

  /// Adds to the metadata before the messages.
  ///
  /// - Throws: INTERNAL where it is over `maxBytes`, or the head of the answer is on its way.
  func addInitial(_ metadata: Metadata) throws(Status) {
    try self.state.withLock { state throws(Status) in
      guard !state.isHeadTaken else {
        throw Status(.internal, "initial metadata after the first message of the answer")
      }
      try Self.add(metadata, to: &state.initial, "initial")
    }
  }

  /// Adds to the metadata after the messages.
  ///
  /// - Throws: INTERNAL where it is over `maxBytes`.
  func addTrailing(_ metadata: Metadata) throws(Status) {
    try self.state.withLock { state throws(Status) in
      try Self.add(metadata, to: &state.trailing, "trailing")
    }
  }

  /// The metadata before the messages, which nobody can add to any more.
  func takeInitial() -> Metadata {
    self.state.withLock { state in
      state.isHeadTaken = true
      return state.initial
    }
  }

  /// The metadata after the messages.
  var trailing: Metadata { self.state.withLock { $0.trailing } }

  private static func add(
    _ metadata: Metadata, to sum: inout Metadata, _ place: String
  ) throws(Status) {
    let bytes = sum.headerListBytes + metadata.headerListBytes
    guard bytes <= Self.maxBytes else {
      throw Status(
        .internal, "the handler's \(place) metadata is \(bytes) bytes, over \(Self.maxBytes)")
    }
    sum.add(metadata)
  }
}
