/// Decides which reads of one event loop share a call to the owner of their key (singleflight). No I/O
/// and no clock; readers and calls are known by their tags.
///
/// A read never joins a flight that is on its way: the owner may have looked the key up before a write
/// that was acknowledged before this read began. It waits for the next one, which leaves when that has
/// come back. A flight belongs to nobody: a reader that gives up leaves, and the others go on.
///
/// A reader that nobody else asks the same as flies alone, and has cost a look-up by the hash that its
/// key has already: flights lie in slots, and those of one bucket of hashes make a list.
struct ReadFlights {
  /// Where a flight lies until it has landed.
  typealias ID = Int

  enum OnRead: Equatable {
    /// Nobody asks the same: call the owner, and `depart` if that went well.
    case alone
    /// The answer is that of the next flight after this one.
    case wait(ID)
    /// As many readers wait for the next flight as may.
    case full
  }

  enum OnLeave: Equatable {
    case none
    /// Nobody waits for the call any more: cancel it, and have the flight land.
    case cancel(call: UInt64)
  }

  private struct Flight {
    var hash: UInt64
    /// The call to the owner.
    var call: UInt64
    /// Who hears the answer. One apart from the others, since most flights have no more.
    var first: UInt64
    var others: [UInt64] = []
    /// Who hears the answer of the next flight.
    var waiting: [UInt64] = []
    /// Others may wait for the next flight: the table of the ring is still the same.
    var isListed = true
    /// The next one in the bucket, or of the free ones.
    var next: Int
  }

  /// The most readers that wait for one flight.
  private let waitingMax: Int
  private var slots: [Flight] = []
  private var free = Self.none
  /// By the lowest bits of the hash, the first of the flights. As many as there ever were flights, or
  /// more.
  private var buckets = [Int](repeating: Self.none, count: 64)
  private static let none = -1

  /// Reads that were answered by the call of another.
  private(set) var mergedReads = 0
  /// Flights under way.
  private(set) var count = 0

  init(waitingMax: Int) { self.waitingMax = waitingMax }

  // MARK: - Readers

  /// A read begins.
  ///
  /// - Parameters:
  ///   - hash: of its key.
  ///   - reader: its tag, if it is to wait.
  ///   - isSame: whether a reader with this tag asks the very same.
  mutating func read(_ hash: UInt64, by reader: UInt64, isSame: (UInt64) -> Bool) -> OnRead {
    var flight = self.buckets[self.bucket(of: hash)]
    while flight != Self.none {
      if self.slots[flight].hash == hash && isSame(self.slots[flight].first) {
        guard self.slots[flight].waiting.count < self.waitingMax else { return .full }
        self.slots[flight].waiting.append(reader)
        return .wait(flight)
      }
      flight = self.slots[flight].next
    }
    return .alone
  }

  /// A read that is alone has called the owner, or will once there is a connection. Its tag is the
  /// call's as well.
  mutating func depart(_ hash: UInt64, _ reader: UInt64) -> ID {
    if self.count == self.buckets.count { self.growBuckets() }
    self.count += 1
    let bucket = self.bucket(of: hash)
    let flight = Flight(hash: hash, call: reader, first: reader, next: self.buckets[bucket])
    let id: Int
    if self.free != Self.none {
      id = self.free
      self.free = self.slots[id].next
      self.slots[id] = flight
    } else {
      id = self.slots.count
      self.slots.append(flight)
    }
    self.buckets[bucket] = id
    return id
  }

  /// A reader has given up. It is on this flight, or waits for the next one.
  mutating func leave(_ id: ID, _ reader: UInt64) -> OnLeave {
    if let index = self.slots[id].waiting.firstIndex(of: reader) {
      self.slots[id].waiting.swapAt(index, self.slots[id].waiting.count - 1)
      self.slots[id].waiting.removeLast()
      return .none
    }
    guard self.slots[id].first == reader else {
      self.slots[id].others.removeAll { $0 == reader }
      return .none
    }
    guard let next = self.slots[id].others.popLast() else {
      return .cancel(call: self.slots[id].call)
    }
    self.slots[id].first = next
    return .none
  }

  // MARK: - Flights

  /// Who hears the answer of this flight.
  func readers(of id: ID) -> [UInt64] { [self.slots[id].first] + self.slots[id].others }

  /// The flight has come back, however that went, and its readers were told.
  ///
  /// - Returns: whether it has become the next one, whose readers have waited: call the owner for them,
  ///   and `call` if that went well. If not, the flight is no more.
  mutating func landed(_ id: ID) -> Bool {
    guard let first = self.slots[id].waiting.popLast() else {
      self.remove(id)
      return false
    }
    self.mergedReads += self.slots[id].waiting.count
    self.slots[id].first = first
    self.slots[id].others = self.slots[id].waiting
    self.slots[id].waiting = []
    return true
  }

  /// The read that flies alone has another tag now, and so has its call.
  mutating func renamed(_ id: ID, _ reader: UInt64) {
    self.slots[id].first = reader
    self.slots[id].call = reader
  }

  /// The owner was called, or is called once more, for the readers of this flight.
  mutating func called(_ id: ID, as call: UInt64) { self.slots[id].call = call }

  /// Keys may have other owners now: nobody joins the flights under way any more.
  ///
  /// - Returns: the readers that have waited for the next ones, which will not leave.
  mutating func disband() -> [UInt64] {
    var waiting: [UInt64] = []
    for bucket in self.buckets.indices {
      var id = self.buckets[bucket]
      while id != Self.none {
        waiting += self.slots[id].waiting
        self.slots[id].waiting = []
        self.slots[id].isListed = false
        id = self.slots[id].next
      }
      self.buckets[bucket] = Self.none
    }
    return waiting
  }

  private mutating func remove(_ id: ID) {
    if self.slots[id].isListed { self.unlist(id) }
    self.slots[id].others = []
    self.slots[id].next = self.free
    self.free = id
    self.count -= 1
  }

  private mutating func unlist(_ id: ID) {
    let bucket = self.bucket(of: self.slots[id].hash)
    guard self.buckets[bucket] != id else {
      self.buckets[bucket] = self.slots[id].next
      return
    }
    var before = self.buckets[bucket]
    while self.slots[before].next != id { before = self.slots[before].next }
    self.slots[before].next = self.slots[id].next
  }

  private func bucket(of hash: UInt64) -> Int {
    // A power of two. The ring goes by the top bits, so that one owner's keys differ in these.
    Int(truncatingIfNeeded: hash) & (self.buckets.count - 1)
  }

  private mutating func growBuckets() {
    var listed: [Int] = []
    for first in self.buckets {
      var id = first
      while id != Self.none {
        listed.append(id)
        id = self.slots[id].next
      }
    }
    self.buckets = Array(repeating: Self.none, count: self.buckets.count * 2)
    for id in listed {
      let bucket = self.bucket(of: self.slots[id].hash)
      self.slots[id].next = self.buckets[bucket]
      self.buckets[bucket] = id
    }
  }
}
