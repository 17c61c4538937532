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
    /// As an index into the members of the table by which it was found.
    let owner: Int
    /// Its id, once it was asked.
    var ownerID = ""
    var message: [UInt8] = []
    var keys = 0
    /// Of the forward; nil: it has ended.
    var tag: UInt64?
    var outcome: Result<BatchAnswer, Status>?
    /// The owner has left the ring before it has done anything.
    var hasMoved = false
  }

  let method: CacheMethod
  var parts: [Part] = []
  /// Where the result of a key is: the number of a part, and the place in its answer.
  private struct Place {
    let part: Int
    let index: Int
  }

  /// For each key; nil: this node itself.
  private var places: [Place?] = []
  /// Of the parts that are put together now, by their owners.
  private var partOfOwner: [Int: Int] = [:]
  /// The parts before it are on their way, or back.
  var firstUnsent = 0
  /// By which the owners were found.
  var epoch = Epoch.fixed
  /// Owners have refused keys as other nodes', or have left, or the ring has changed meanwhile: these
  /// keys, and those that this node has taken for its own, are looked at anew.
  public private(set) var isRerouting = false
  /// That is done once.
  private(set) var wasRerouted = false
  /// The keys that were refused, or whose owners have left; empty: none.
  private var refused: [Bool] = []
  var metadata = Metadata()
  /// The client's call, and by which tag the forwarder knows it; nil until the parts are on their way.
  private(set) var parked: ParkedCall?
  private(set) var tag: UInt64 = 0
  var partsLeft = 0

  /// - Parameter method: one of those with many keys.
  public init(_ method: CacheMethod, keys: Int) {
    self.method = method
    self.places.reserveCapacity(keys)
  }

  /// There are parts to be sent.
  public var hasUnsent: Bool { self.firstUnsent < self.parts.count }

  /// Whether to say who owns a key, by its place in the batch: all at first, later those that are not
  /// done.
  public func needsOwner(_ key: Int) -> Bool {
    !self.isRerouting || self.isOwn(key) || !self.refused.isEmpty && self.refused[key]
  }

  /// A key is this node's, or nobody's. Keys are added in their order.
  public func addOwn(_ key: Int) { self.put(nil, key) }

  /// A key is another node's.
  ///
  /// - Parameter element: the key, or the item, as it stands in field 1 of the request.
  public func add(_ key: Int, _ element: RawSpan, owner: Int) {
    let number: Int
    if let known = self.partOfOwner[owner] {
      number = known
    } else {
      number = self.parts.count
      self.partOfOwner[owner] = number
      self.parts.append(Part(owner: owner))
    }
    self.put(Place(part: number, index: self.parts[number].keys), key)
    self.parts[number].keys += 1
    Self.append(field: 1, element, to: &self.parts[number].message)
  }

  private func put(_ place: Place?, _ key: Int) {
    if key == self.places.count {
      self.places.append(place)
    } else {
      self.places[key] = place
    }
  }

  /// All keys were added; what follows them in each request is the batch's namespace.
  public func finish(namespace: RawSpan) {
    self.partOfOwner = [:]
    self.isRerouting = false
    guard !namespace.isEmpty else { return }
    for number in self.firstUnsent..<self.parts.count {
      Self.append(field: 2, namespace, to: &self.parts[number].message)
    }
  }

  // MARK: - Keys that have moved

  /// Finds the keys that their owners have refused as other nodes', or have left with.
  ///
  /// - Returns: whether there are any.
  func findRefused() -> Bool {
    for (key, place) in self.places.enumerated() {
      guard let place, self.isRefused(place) else { continue }
      if self.refused.isEmpty {
        self.refused = Array(repeating: false, count: self.places.count)
      }
      self.refused[key] = true
    }
    return !self.refused.isEmpty
  }

  private func isRefused(_ place: Place) -> Bool {
    let part = self.parts[place.part]
    guard case .success(let answer) = part.outcome else { return part.hasMoved }
    return place.index < answer.results.count && answer.isWrongOwner(place.index, of: self.method)
  }

  /// Has the owners of keys that are not done looked up anew.
  func reroute() {
    self.isRerouting = true
    self.wasRerouted = true
  }

  /// Has the owners of the keys that this node has taken for its own looked up anew: the ring has changed
  /// before any of them was done. The others are done.
  func rerouteOwn() {
    self.refused = []
    self.isRerouting = true
  }

  /// Leaves refused keys refused: there is no newer table.
  func keepOwners() { self.isRerouting = false }

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
    self.partsLeft = self.parts.count - self.firstUnsent
  }

  /// Somebody still waits for the answer.
  var isWanted: Bool { self.parked?.isWaiting ?? false }

  /// Whether a key, by its place in the batch, is this node's own, or nobody's.
  public func isOwn(_ key: Int) -> Bool { self.places[key] == nil }

  /// Calls `body` with the owner's result for a key that is not this node's, as it stands in field 1 of
  /// the owner's reply; or `failed` with the reason why there is none.
  ///
  /// - Parameter key: its place in the batch.
  public func withResult(
    of key: Int, _ body: (RawSpan) -> Void, failed: (Status) -> Void
  ) {
    guard let place = self.places[key] else { preconditionFailure("the key is this node's own") }
    switch self.parts[place.part].outcome {
    case .success(let answer) where place.index < answer.results.count:
      body(answer.bytes.span.bytes.extracting(answer.results[place.index]))
    case .success:
      failed(Status(.internal, "the owner has answered fewer keys than it was asked for"))
    case .failure(let status): failed(status)
    case nil: preconditionFailure("the parts have all ended")
    }
  }
}
