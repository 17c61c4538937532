internal import NIOCore

/// Decides which calls of one event loop wait for keys that are on their way to this node, until when,
/// and which of them share a fetch. No I/O and no clock; calls are known by their tags.
///
/// A call waits for seals, or for fetches:
///
///     waits for seals ── none of its keys is unsealed any more ──> ready
///     waits for fetches ── all of them have landed ──────────────> ready
///     either ── its time is over ────────────────────────────────> ready, with what has come by then
///     either ── nobody wants its answer any more ────────────────> forgotten
///
/// What is asked for never changes where it comes from, so that a call may join a fetch that is under
/// way: unlike a read that another node answers (`ReadFlights`).
struct HandoverCalls {
  typealias FetchID = Int

  /// A call that is to be served again.
  struct Ready: Equatable {
    let tag: UInt64
    /// Of the keys that were fetched for it, by their hashes: whether those that had them have answered.
    var fetched: [UInt64: Bool] = [:]
  }

  private struct Call {
    let until: NIODeadline
    /// The hashes for whose seals it waits.
    var unsealed: [UInt64] = []
    /// The fetches for which it waits.
    var fetches: Set<FetchID> = []
    var fetched: [UInt64: Bool] = [:]
  }

  private struct Fetch {
    let keys: [FetchKey]
    /// Who waits for which hashes.
    var callers: [UInt64: [UInt64]]
    var isUnderWay: Bool
  }

  /// The most calls that wait.
  private let callsMax: Int
  /// The most fetches under way; others wait in line.
  private let fetchesMax: Int
  private var calls: [UInt64: Call] = [:]
  private var fetches: [FetchID: Fetch] = [:]
  /// The fetch that a call for the key may join.
  private var fetchOfKey: [FetchKey: FetchID] = [:]
  /// Those that are not under way yet: `line[lineStart...]`.
  private var line: [FetchID] = []
  private var lineStart = 0
  private var lastFetch = 0
  private(set) var fetchesUnderWay = 0
  private(set) var counts = ArrivalCounts()

  init(callsMax: Int, fetchesMax: Int) {
    self.callsMax = callsMax
    self.fetchesMax = fetchesMax
  }

  /// As many calls wait as may.
  var isFull: Bool { self.calls.count >= self.callsMax }

  /// Calls that wait.
  var count: Int { self.calls.count }

  /// When the next call's time is over; nil: none waits.
  var nextDue: NIODeadline? { self.calls.values.lazy.map(\.until).min() }

  /// The calls whose time is over: they wait no more.
  mutating func due(_ now: NIODeadline) -> [Ready] {
    let tags = self.calls.lazy.filter { $0.value.until <= now }.map(\.key)
    return tags.sorted().map { tag in
      var ready = Ready(tag: tag)
      guard let call = self.calls[tag] else { preconditionFailure("it has just been found") }
      ready.fetched = call.fetched
      for id in call.fetches {
        for hash in self.fetches[id]?.callers[tag] ?? [] { ready.fetched[hash] = false }
      }
      self.leave(tag)
      return ready
    }
  }

  /// Nobody wants the call's answer any more. A fetch under way goes on all the same: what it brings is
  /// asked for sooner or later.
  mutating func leave(_ tag: UInt64) {
    guard let call = self.calls.removeValue(forKey: tag) else { return }
    for id in call.fetches {
      self.fetches[id]?.callers[tag] = nil
      if let fetch = self.fetches[id], !fetch.isUnderWay, fetch.callers.isEmpty {
        _ = self.remove(id)
      }
    }
  }

  // MARK: - Seals

  /// A call waits until none of `hashes` is unsealed. Not when full.
  mutating func park(_ tag: UInt64, for hashes: [UInt64], until: NIODeadline) {
    precondition(!self.isFull, "the caller asks before")
    self.counts.parked += 1
    self.calls[tag] = Call(until: until, unsealed: hashes)
  }

  /// Other keys are on their way now, or others own them.
  ///
  /// - Returns: the calls that need not wait for seals any more, in the order in which they came.
  mutating func arrivalsChanged(isUnsealed: (UInt64) -> Bool) -> [Ready] {
    var ready: [UInt64] = []
    for (tag, call) in self.calls {
      guard !call.unsealed.isEmpty, !call.unsealed.contains(where: isUnsealed) else { continue }
      ready.append(tag)
    }
    for tag in ready { self.calls[tag] = nil }
    return ready.sorted().map { Ready(tag: $0) }
  }

  // MARK: - Fetches

  /// A call waits until `keys` are fetched. Not when full.
  ///
  /// - Returns: the fetch that is to be made for it now; nil: all its keys are being fetched, or its own
  ///   fetch waits in line.
  mutating func fetch(_ keys: [FetchKey], for tag: UInt64, until: NIODeadline) -> FetchID? {
    precondition(!self.isFull && !keys.isEmpty, "the caller asks before")
    var call = Call(until: until)
    var own: [FetchKey] = []
    let id = self.lastFetch + 1
    for key in keys {
      if let known = self.fetchOfKey[key] {
        // A batch may name a key twice, which is its own fetch then.
        guard known != id else { continue }
        self.counts.mergedFetches += 1
        self.fetches[known]?.callers[tag, default: []].append(key.hash)
        call.fetches.insert(known)
      } else {
        self.fetchOfKey[key] = id
        own.append(key)
      }
    }
    guard !own.isEmpty else {
      self.calls[tag] = call
      return nil
    }
    call.fetches.insert(id)
    self.calls[tag] = call
    self.lastFetch = id
    let isUnderWay = self.fetchesUnderWay < self.fetchesMax
    self.fetches[id] = Fetch(
      keys: own, callers: [tag: own.map(\.hash)], isUnderWay: isUnderWay)
    guard isUnderWay else {
      self.line.append(id)
      return nil
    }
    self.fetchesUnderWay += 1
    return id
  }

  /// What a fetch that is to be made asks for.
  func keys(of id: FetchID) -> [FetchKey] {
    guard let fetch = self.fetches[id] else {
      preconditionFailure("a fetch is kept until it lands")
    }
    return fetch.keys
  }

  /// A fetch has ended.
  ///
  /// - Parameter isAnswered: what `KeyFetcher.fetch` has returned.
  /// - Returns: the calls that have waited for it last, and the fetch that is to be made next.
  mutating func landed(_ id: FetchID, isAnswered: Bool) -> (ready: [Ready], next: FetchID?) {
    guard let fetch = self.remove(id), fetch.isUnderWay else {
      preconditionFailure("a fetch lands once, after it was made")
    }
    if isAnswered { self.counts.fetchesOK += 1 } else { self.counts.fetchesFailed += 1 }
    self.fetchesUnderWay -= 1
    var ready: [Ready] = []
    for (tag, hashes) in fetch.callers {
      guard var call = self.calls.removeValue(forKey: tag) else {
        preconditionFailure("a call that leaves is taken off its fetches")
      }
      for hash in hashes { call.fetched[hash] = isAnswered }
      call.fetches.remove(id)
      if call.fetches.isEmpty {
        ready.append(Ready(tag: tag, fetched: call.fetched))
      } else {
        self.calls[tag] = call
      }
    }
    return (ready.sorted { $0.tag < $1.tag }, self.nextInLine())
  }

  /// Other nodes may own the keys by now, and this node may get them anew: nobody joins the fetches
  /// that there are any more.
  mutating func disband() { self.fetchOfKey.removeAll() }

  private mutating func nextInLine() -> FetchID? {
    while self.lineStart < self.line.count {
      let id = self.line[self.lineStart]
      self.lineStart += 1
      // All those that have wanted it may have left.
      guard self.fetches[id] != nil else { continue }
      self.fetches[id]?.isUnderWay = true
      self.fetchesUnderWay += 1
      self.shortenLine()
      return id
    }
    self.shortenLine()
    return nil
  }

  /// Lets go of those before the first, once they are half of the line: a line that never ends must not
  /// grow for ever.
  private mutating func shortenLine() {
    guard self.lineStart * 2 >= self.line.count else { return }
    self.line.removeFirst(self.lineStart)
    self.lineStart = 0
  }

  private mutating func remove(_ id: FetchID) -> Fetch? {
    guard let fetch = self.fetches.removeValue(forKey: id) else { return nil }
    for key in fetch.keys where self.fetchOfKey[key] == id { self.fetchOfKey[key] = nil }
    return fetch
  }
}

/// What has become of calls for keys that were on their way to this node; of one event loop, or of
/// several together.
public struct ArrivalCounts: Sendable, Equatable {
  /// Calls that have waited for a seal; one that has waited again counts again.
  public internal(set) var parked = 0
  /// Fetches that were answered, though it were with nothing.
  public internal(set) var fetchesOK = 0
  /// Fetches that were not answered.
  public internal(set) var fetchesFailed = 0
  /// Keys of calls that were on their way already, for another call.
  public internal(set) var mergedFetches = 0

  public init() {}

  mutating func add(_ other: ArrivalCounts) {
    self.parked += other.parked
    self.fetchesOK += other.fetchesOK
    self.fetchesFailed += other.fetchesFailed
    self.mergedFetches += other.mergedFetches
  }
}
