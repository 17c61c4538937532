import CacheStore
import NIOCore
import Testing

@testable import Cluster

/// Which calls wait for keys that are on their way, and for how long. Times are simulated.
@Suite struct HandoverCallsTests {
  private var calls = HandoverCalls(callsMax: 100, fetchesMax: 10)

  private static func at(_ milliseconds: UInt64) -> NIODeadline {
    .uptimeNanoseconds(milliseconds * 1_000_000)
  }

  /// - Parameter hash: of two keys may be the same.
  private static func key(_ name: String, hash: UInt64? = nil, _ space: NamespaceID = .default)
    -> FetchKey
  {
    FetchKey(
      namespace: space, namespaceName: "", bytes: Array(name.utf8),
      hash: hash ?? UInt64(name.utf8.last ?? 0))
  }

  private static let (a, b, c) = (key("a"), key("b"), key("c"))

  // MARK: - Seals

  @Test mutating func `a call waits until none of its keys is unsealed, and no other does`() {
    self.calls.park(1, for: [7], until: Self.at(100))
    self.calls.park(2, for: [7, 8], until: Self.at(100))
    self.calls.park(3, for: [9], until: Self.at(100))
    #expect(self.calls.arrivalsChanged { [7, 8, 9].contains($0) } == [])
    #expect(self.calls.arrivalsChanged { $0 == 8 } == [.init(tag: 1), .init(tag: 3)])
    #expect(self.calls.count == 1)
    #expect(self.calls.arrivalsChanged { _ in false } == [.init(tag: 2)])
    #expect(self.calls.count == 0 && self.calls.nextDue == nil && self.calls.counts.parked == 3)
  }

  @Test mutating func `a call whose time is over is served, at its time and not before`() {
    self.calls.park(1, for: [7], until: Self.at(30))
    self.calls.park(2, for: [7], until: Self.at(20))
    self.calls.park(3, for: [7], until: Self.at(20))
    #expect(self.calls.nextDue == Self.at(20))
    #expect(self.calls.due(Self.at(19)) == [])
    #expect(self.calls.due(Self.at(20)) == [.init(tag: 2), .init(tag: 3)])
    #expect(self.calls.nextDue == Self.at(30) && self.calls.count == 1)
  }

  @Test mutating func `a call that is not wanted any more is forgotten`() {
    self.calls.park(1, for: [7], until: Self.at(30))
    self.calls.leave(1)
    self.calls.leave(1)
    #expect(self.calls.count == 0)
    #expect(self.calls.arrivalsChanged { _ in false } == [])
    #expect(self.calls.due(Self.at(99)) == [])
  }

  @Test mutating func `seals say nothing to calls that wait for fetches`() {
    _ = self.calls.fetch([Self.a], for: 1, until: Self.at(30))
    #expect(self.calls.arrivalsChanged { _ in false } == [])
    #expect(self.calls.count == 1)
  }

  @Test mutating func `as many calls wait as may, for whatever`() throws {
    var calls = HandoverCalls(callsMax: 2, fetchesMax: 10)
    calls.park(1, for: [7], until: Self.at(30))
    #expect(!calls.isFull)
    let fetch = try made(calls.fetch([Self.a], for: 2, until: Self.at(30)))
    #expect(calls.isFull)
    _ = calls.landed(fetch, isAnswered: true)
    #expect(!calls.isFull)
  }

  // MARK: - Fetches

  @Test(arguments: [true, false])
  mutating func `a call hears how the fetch of its keys went`(isAnswered: Bool) throws {
    let fetch = try made(self.calls.fetch([Self.a, Self.b], for: 1, until: Self.at(30)))
    #expect(self.calls.keys(of: fetch) == [Self.a, Self.b])
    let (ready, next) = self.calls.landed(fetch, isAnswered: isAnswered)
    let (a, b) = (Self.a.hash, Self.b.hash)
    #expect(ready == [.init(tag: 1, fetched: [a: isAnswered, b: isAnswered])] && next == nil)
    let counts = self.calls.counts
    #expect(
      counts.fetchesOK == (isAnswered ? 1 : 0) && counts.fetchesFailed == (isAnswered ? 0 : 1))
    #expect(self.calls.count == 0 && self.calls.fetchesUnderWay == 0)
  }

  @Test mutating func `calls join the fetch of their key, and the next one after it is another`()
    throws
  {
    let fetch = try made(self.calls.fetch([Self.a], for: 1, until: Self.at(30)))
    for tag in UInt64(2)...4 {
      #expect(self.calls.fetch([Self.a], for: tag, until: Self.at(30)) == nil)
    }
    #expect(self.calls.fetchesUnderWay == 1)
    #expect(self.calls.landed(fetch, isAnswered: true).ready.map(\.tag) == [1, 2, 3, 4])
    #expect(self.calls.counts.mergedFetches == 3 && self.calls.counts.fetchesOK == 1)
    let again = self.calls.fetch([Self.a], for: 5, until: Self.at(30))
    #expect(again != nil && again != fetch)
  }

  @Test mutating func `keys of one hash, and of two namespaces, are not the same`() throws {
    let other = NamespaceID(rawValue: 1)
    let keys = [
      Self.key("x", hash: 7), Self.key("y", hash: 7), Self.key("x", hash: 7, other),
    ]
    for (tag, key) in zip(UInt64(1)..., keys) {
      let fetch = try made(self.calls.fetch([key], for: tag, until: Self.at(30)))
      #expect(self.calls.keys(of: fetch) == [key])
    }
    #expect(self.calls.counts.mergedFetches == 0)
  }

  @Test mutating func `a batch asks for what is not under way, and waits for all of it`() throws {
    let first = try made(self.calls.fetch([Self.a], for: 1, until: Self.at(30)))
    // It names a key twice.
    let second = try made(
      self.calls.fetch([Self.a, Self.b, Self.c, Self.b], for: 2, until: Self.at(30)))
    #expect(self.calls.keys(of: second) == [Self.b, Self.c])
    #expect(self.calls.landed(second, isAnswered: true).ready == [])
    let ready = self.calls.landed(first, isAnswered: false).ready
    #expect(ready.map(\.tag) == [1, 2])
    #expect(
      ready[1].fetched == [Self.a.hash: false, Self.b.hash: true, Self.c.hash: true])
  }

  @Test mutating func `a call whose time is over has what has come by then`() throws {
    let first = try made(self.calls.fetch([Self.a], for: 1, until: Self.at(90)))
    let second = try made(
      self.calls.fetch([Self.a, Self.b], for: 2, until: Self.at(30)))
    _ = self.calls.landed(second, isAnswered: true)
    let due = self.calls.due(Self.at(30))
    #expect(due == [.init(tag: 2, fetched: [Self.a.hash: false, Self.b.hash: true])])
    #expect(self.calls.landed(first, isAnswered: true).ready.map(\.tag) == [1])
  }

  @Test mutating func `a fetch goes on when its callers have left, and others join it`() throws {
    let fetch = try made(self.calls.fetch([Self.a], for: 1, until: Self.at(30)))
    self.calls.leave(1)
    #expect(self.calls.count == 0 && self.calls.fetchesUnderWay == 1)
    #expect(self.calls.fetch([Self.a], for: 2, until: Self.at(30)) == nil)
    #expect(self.calls.landed(fetch, isAnswered: true).ready.map(\.tag) == [2])
  }

  @Test mutating func `nobody joins a fetch that began by another ring`() throws {
    let old = try made(self.calls.fetch([Self.a], for: 1, until: Self.at(30)))
    self.calls.disband()
    let new = try made(self.calls.fetch([Self.a], for: 2, until: Self.at(30)))
    #expect(self.calls.landed(old, isAnswered: true).ready.map(\.tag) == [1])
    // The end of the old one does not hide the new one.
    #expect(self.calls.fetch([Self.a], for: 3, until: Self.at(30)) == nil)
    #expect(self.calls.landed(new, isAnswered: true).ready.map(\.tag) == [2, 3])
  }

  // MARK: - The line

  @Test func `more fetches than may be under way wait in line, in their order`() throws {
    var calls = HandoverCalls(callsMax: 100, fetchesMax: 1)
    let first = try made(calls.fetch([Self.a], for: 1, until: Self.at(30)))
    #expect(calls.fetch([Self.b], for: 2, until: Self.at(30)) == nil)
    #expect(calls.fetch([Self.c], for: 3, until: Self.at(30)) == nil)
    // One that waits in line can be joined.
    #expect(calls.fetch([Self.c], for: 4, until: Self.at(30)) == nil)
    let second = try made(calls.landed(first, isAnswered: true).next)
    #expect(calls.keys(of: second) == [Self.b] && calls.fetchesUnderWay == 1)
    let third = try made(calls.landed(second, isAnswered: true).next)
    #expect(calls.keys(of: third) == [Self.c])
    let (ready, next) = calls.landed(third, isAnswered: true)
    #expect(ready.map(\.tag) == [3, 4] && next == nil && calls.fetchesUnderWay == 0)
  }

  @Test func `a fetch in line that nobody wants any more is not made`() throws {
    var calls = HandoverCalls(callsMax: 100, fetchesMax: 1)
    let first = try made(calls.fetch([Self.a], for: 1, until: Self.at(30)))
    _ = calls.fetch([Self.b], for: 2, until: Self.at(10))
    _ = calls.fetch([Self.c], for: 3, until: Self.at(30))
    #expect(calls.due(Self.at(10)) == [.init(tag: 2, fetched: [Self.b.hash: false])])
    let next = try made(calls.landed(first, isAnswered: true).next)
    #expect(calls.keys(of: next) == [Self.c])
  }

  @Test func `a line that never ends loses nobody`() throws {
    var calls = HandoverCalls(callsMax: 10_000, fetchesMax: 2)
    var underWay: [HandoverCalls.FetchID] = []
    var served: [UInt64] = []
    for tag in UInt64(1)...5_000 {
      let key = Self.key("k\(tag)", hash: tag)
      if let fetch = calls.fetch([key], for: tag, until: Self.at(30)) { underWay.append(fetch) }
      guard tag > 100 else { continue }
      let (ready, next) = calls.landed(underWay.removeFirst(), isAnswered: true)
      served += ready.map(\.tag)
      if let next { underWay.append(next) }
    }
    while !underWay.isEmpty {
      let (ready, next) = calls.landed(underWay.removeFirst(), isAnswered: true)
      served += ready.map(\.tag)
      if let next { underWay.append(next) }
    }
    #expect(served == Array(1...5_000) && calls.count == 0)
  }
}

/// A fetch that is to be made now.
private func made(_ fetch: HandoverCalls.FetchID?) throws -> HandoverCalls.FetchID {
  try #require(fetch)
}
