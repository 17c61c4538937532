import LarderAPI
import Wire

/// Reads answers as far as they are counted. Nothing is copied.
enum AnswerReader {
  /// Adds what `message`, the answer to a call of this kind, says to `counts`.
  static func read(
    _ kind: CallKind, _ message: RawSpan, into counts: inout KindCounts
  ) throws(WireError) {
    switch kind {
    case .get:
      switch try GetResponse(decoding: message) {
      case .hit: counts.hits += 1
      case .miss: counts.misses += 1
      case .unset: counts.itemErrors += 1
      }
    case .getMany:
      try Self.readGetMany(message, into: &counts)
    case .setMany:
      var results = try SetManyResponse(decoding: message).results.makeIterator()
      while let result = results.next() {
        if case .ok = result { continue }
        counts.itemErrors += 1
      }
    case .set: _ = try SetResponse(decoding: message)
    case .delete: _ = try DeleteResponse(decoding: message)
    case .increment: _ = try IncrementResponse(decoding: message)
    case .touch: _ = try TouchResponse(decoding: message)
    }
  }

  private static func readGetMany(
    _ message: RawSpan, into counts: inout KindCounts
  ) throws(WireError) {
    var results = try GetManyResponse(decoding: message).results.makeIterator()
    while let result = results.next() {
      switch result {
      case .hit: counts.hits += 1
      case .miss: counts.misses += 1
      case .error, .deferred, .unset: counts.itemErrors += 1
      }
    }
  }

  /// Why the first item of a preloading SetMany failed; nil: none did.
  static func firstFailure(inSetMany message: RawSpan) throws(WireError) -> String? {
    var results = try SetManyResponse(decoding: message).results.makeIterator()
    while let result = results.next() {
      switch result {
      case .ok: continue
      case .error(let error):
        return "\(String(copyingUTF8: error.message)) (\(String(copyingUTF8: error.reason)))"
      case .unset: return "the node's answer is of a kind that this version does not know"
      }
    }
    return nil
  }
}
