public import GRPC
public import LarderAPI
internal import NIOCore
internal import Wire

/// A client's batch whose keys have several owners: what goes to each of them, and what came back.
///
/// The keys that this node owns wait for the other owners' answers, and are done with no more than a
/// look-up each while the reply is put together, in the order of the keys.
public final class BatchCall {
  /// What one other owner is sent.
  struct Part {
    let owner: Int
    var message: [UInt8] = []
    /// Of the forward; nil: it has ended.
    var tag: UInt64?
    var outcome: Result<BatchAnswer, Status>?
  }

  let method: CacheMethod
  var parts: [Part] = []
  /// For each key the number of its part; nil: this node itself.
  private(set) var partOfKey: [UInt16?] = []
  private var partOfOwner: [Int: Int] = [:]
  /// Next result of each part.
  private var next: [Int] = []
  var metadata = Metadata()
  /// The client's call, and by which tag the forwarder knows it; nil until the parts are on their way.
  private(set) var parked: ParkedCall?
  private(set) var tag: UInt64 = 0
  var partsLeft = 0

  /// - Parameter method: one of those with many keys.
  public init(_ method: CacheMethod, keys: Int) {
    self.method = method
    self.partOfKey.reserveCapacity(keys)
  }

  /// Some keys are other nodes'.
  public var hasOthers: Bool { !self.parts.isEmpty }

  /// The next key is this node's, or nobody's.
  public func addOwn() { self.partOfKey.append(nil) }

  /// The next key is another node's.
  ///
  /// - Parameter element: the key, or the item, as it stands in field 1 of the request.
  public func add(_ element: RawSpan, owner: Int) {
    let number: Int
    if let known = self.partOfOwner[owner] {
      number = known
    } else {
      number = self.parts.count
      self.partOfOwner[owner] = number
      self.parts.append(Part(owner: owner))
    }
    self.partOfKey.append(UInt16(number))
    Self.append(field: 1, element, to: &self.parts[number].message)
  }

  /// All keys were added; what follows them in each request is the batch's namespace.
  public func finish(namespace: RawSpan) {
    guard !namespace.isEmpty else { return }
    for number in self.parts.indices {
      Self.append(field: 2, namespace, to: &self.parts[number].message)
    }
  }

  private static func append(field: UInt8, _ bytes: RawSpan, to message: inout [UInt8]) {
    // A field number below 16 and the wire type LEN make one byte.
    message.append(field << 3 | 2)
    var length = bytes.byteCount
    while length >= 0x80 {
      message.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    message.append(UInt8(length))
    bytes.withUnsafeBytes { message.append(contentsOf: $0) }
  }

  // MARK: - Putting the reply together

  func parked(_ call: ParkedCall, tag: UInt64) {
    self.parked = call
    self.tag = tag
    self.partsLeft = self.parts.count
  }

  /// Somebody still waits for the answer.
  var isWanted: Bool { self.parked?.isWaiting ?? false }

  func start() { self.next = Array(repeating: 0, count: self.parts.count) }

  /// Whether a key, by its place in the batch, is this node's own, or nobody's.
  public func isOwn(_ key: Int) -> Bool { self.partOfKey[key] == nil }

  /// Calls `body` with the owner's result for a key that is not this node's, as it stands in field 1 of
  /// the owner's reply; or `failed` with the reason why there is none.
  ///
  /// - Parameter key: its place in the batch. Each is asked for once, in order.
  public func withResult(
    of key: Int, _ body: (RawSpan) -> Void, failed: (Status) -> Void
  ) {
    guard let part = self.partOfKey[key].map(Int.init) else {
      preconditionFailure("the key is this node's own")
    }
    let number = self.next[part]
    self.next[part] += 1
    switch self.parts[part].outcome {
    case .success(let answer) where number < answer.results.count:
      body(answer.bytes.span.bytes.extracting(answer.results[number]))
    case .success:
      failed(Status(.internal, "the owner has answered fewer keys than it was asked for"))
    case .failure(let status): failed(status)
    case nil: preconditionFailure("the parts have all ended")
    }
  }
}

/// The reply of one owner to its part of a batch.
struct BatchAnswer {
  let bytes: [UInt8]
  /// Where the result of each key lies.
  let results: [Range<Int>]

  /// - Throws: where the bytes are no reply.
  init(_ bytes: [UInt8]) throws(WireError) {
    var results: [Range<Int>] = []
    let message = bytes.span.bytes
    var reader = WireReader(message)
    while let field = try reader.nextField() {
      guard field.number == 1 else {
        try reader.skip(field)
        continue
      }
      let result = try reader.bytes(field)
      let end = message.byteCount - reader.remaining.byteCount
      results.append(end - result.byteCount..<end)
    }
    self.bytes = bytes
    self.results = results
  }
}
