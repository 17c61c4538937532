import Testing

@testable import Cluster

@Suite struct ReadFlightsTests {
  /// A read that asks nothing that others ask.
  private func never(_: UInt64) -> Bool { false }
  private func always(_: UInt64) -> Bool { true }

  @Test func `a read that nobody else asks flies alone, and leaves nothing behind`() {
    var flights = ReadFlights(waitingMax: 10)
    #expect(flights.read(7, by: 1, isSame: self.always) == .alone)
    let id = flights.depart(7, 1)
    #expect(flights.readers(of: id) == [1] && flights.count == 1)
    #expect(flights.landed(id) == false)
    #expect(flights.count == 0 && flights.mergedReads == 0)
    #expect(flights.read(7, by: 2, isSame: self.always) == .alone)
  }

  @Test func `reads never join a flight that is under way, and share the next one`() {
    var flights = ReadFlights(waitingMax: 10)
    let id = flights.depart(7, 1)
    for reader in UInt64(2)...4 {
      #expect(flights.read(7, by: reader, isSame: { $0 == 1 }) == .wait(id))
    }
    #expect(flights.readers(of: id) == [1])
    #expect(flights.landed(id) == true)
    #expect(flights.readers(of: id).sorted() == [2, 3, 4] && flights.mergedReads == 2)
    flights.called(id, as: 9)
    // This one is under way as well by now.
    #expect(flights.read(7, by: 5, isSame: { [2, 3, 4].contains($0) }) == .wait(id))
    #expect(flights.landed(id) == true)
    #expect(flights.readers(of: id) == [5])
    #expect(flights.landed(id) == false)
    #expect(flights.count == 0 && flights.mergedReads == 2)
  }

  @Test func `the same hash of another question is another flight`() {
    var flights = ReadFlights(waitingMax: 10)
    let one = flights.depart(7, 1)
    #expect(flights.read(7, by: 2, isSame: self.never) == .alone)
    let two = flights.depart(7, 2)
    #expect(flights.read(7, by: 3, isSame: { $0 == 1 }) == .wait(one))
    #expect(flights.read(7, by: 4, isSame: { $0 == 2 }) == .wait(two))
    #expect(flights.landed(one) == true)
    #expect(flights.readers(of: one) == [3])
    #expect(flights.landed(two) == true)
    #expect(flights.readers(of: two) == [4])
  }

  @Test func `a reader that waits and gives up leaves the others alone`() {
    var flights = ReadFlights(waitingMax: 10)
    let id = flights.depart(7, 1)
    for reader in UInt64(2)...4 { _ = flights.read(7, by: reader, isSame: self.always) }
    #expect(flights.leave(id, 2) == .none)
    #expect(flights.landed(id) == true)
    #expect(flights.readers(of: id).sorted() == [3, 4])
  }

  @Test func `a flight that its readers leave one by one is cancelled by the last`() {
    var flights = ReadFlights(waitingMax: 10)
    let id = flights.depart(7, 1)
    for reader in UInt64(2)...4 { _ = flights.read(7, by: reader, isSame: self.always) }
    #expect(flights.landed(id) == true)
    flights.called(id, as: 9)
    #expect(flights.leave(id, flights.readers(of: id)[0]) == .none)
    #expect(flights.leave(id, flights.readers(of: id)[1]) == .none)
    #expect(flights.readers(of: id).count == 1)
    #expect(flights.leave(id, flights.readers(of: id)[0]) == .cancel(call: 9))
    #expect(flights.landed(id) == false)
  }

  @Test func `who flies alone and gives up makes way for those who wait`() {
    var flights = ReadFlights(waitingMax: 10)
    let id = flights.depart(7, 1)
    _ = flights.read(7, by: 2, isSame: self.always)
    #expect(flights.leave(id, 1) == .cancel(call: 1))
    #expect(flights.landed(id) == true)
    #expect(flights.readers(of: id) == [2])
  }

  @Test func `a flight whose call is made anew is cancelled by its new name`() {
    var flights = ReadFlights(waitingMax: 10)
    let id = flights.depart(7, 1)
    flights.renamed(id, 5)
    #expect(flights.readers(of: id) == [5])
    #expect(flights.leave(id, 5) == .cancel(call: 5))
  }

  @Test func `as many readers wait as may`() {
    var flights = ReadFlights(waitingMax: 2)
    let id = flights.depart(7, 1)
    #expect(flights.read(7, by: 2, isSame: self.always) == .wait(id))
    #expect(flights.read(7, by: 3, isSame: self.always) == .wait(id))
    #expect(flights.read(7, by: 4, isSame: self.always) == .full)
    #expect(flights.leave(id, 2) == .none)
    #expect(flights.read(7, by: 5, isSame: self.always) == .wait(id))
  }

  @Test func `flights of an old table are joined no more, and their waiting readers let go of`() {
    var flights = ReadFlights(waitingMax: 10)
    let old = flights.depart(7, 1)
    _ = flights.read(7, by: 2, isSame: self.always)
    #expect(flights.disband() == [2])
    #expect(flights.read(7, by: 3, isSame: self.always) == .alone)
    let new = flights.depart(7, 3)
    #expect(flights.readers(of: old) == [1] && new != old)
    #expect(flights.landed(old) == false)
    #expect(flights.read(7, by: 4, isSame: { $0 == 3 }) == .wait(new))
    #expect(flights.landed(new) == true)
  }

  @Test func `every flight among thousands is found, and lands by itself`() {
    var flights = ReadFlights(waitingMax: 10)
    var ids: [UInt64: Int] = [:]
    // Few hashes differ in their low bits: the lists of the buckets grow long.
    for number in UInt64(0)..<3_000 {
      ids[number] = flights.depart((number % 37) << 40 | number % 5, number)
    }
    #expect(flights.count == 3_000)
    for number in UInt64(0)..<3_000 where number % 3 == 0 {
      #expect(flights.landed(ids[number]!) == false)
    }
    for number in UInt64(0)..<3_000 where number % 3 != 0 {
      let hash = (number % 37) << 40 | number % 5
      let found = flights.read(hash, by: 10_000 + number, isSame: { $0 == number })
      #expect(found == .wait(ids[number]!))
    }
    for number in UInt64(0)..<3_000 where number % 3 != 0 {
      #expect(flights.landed(ids[number]!) == true)
      #expect(flights.landed(ids[number]!) == false)
    }
    #expect(flights.count == 0)
  }
}
