import Testing

@testable import CacheStore

/// What each policy is known to do, on requests that a person can follow.
struct PolicySimulationTests {
  private func hits(
    _ policy: EvictionPolicy, capacity: Int, _ keys: some Sequence<UInt64>
  ) -> [Bool] {
    var simulation = PolicySimulation(policy, capacity: capacity)
    var hits: [Bool] = []
    for key in keys { hits.append(simulation.request(key)) }
    return hits
  }

  @Test(arguments: EvictionPolicy.allCases)
  func `while there is room for all, only the first request of a key misses`(
    policy: EvictionPolicy
  ) {
    let keys: [UInt64] = [1, 2, 3, 1, 2, 3, 3, 2, 1]
    #expect(
      self.hits(policy, capacity: 3, keys)
        == [false, false, false, true, true, true, true, true, true])
  }

  @Test(arguments: EvictionPolicy.allCases)
  func `a cache of one entry works`(policy: EvictionPolicy) {
    #expect(self.hits(policy, capacity: 1, [1, 1, 2]).prefix(2) == [false, true])
  }

  @Test func `lru evicts what was not used for longest`() {
    #expect(
      self.hits(.lru, capacity: 2, [1, 2, 1, 3, 1, 2]) == [false, false, true, false, true, false])
  }

  @Test func `lru2 keeps what was used again through a scan`() {
    let scan: [UInt64] = [1, 1] + (10..<20) + [1]
    #expect(self.hits(.lru2, capacity: 5, scan).last == true)
    #expect(self.hits(.lru, capacity: 5, scan).last == false)
  }

  @Test func `sieve's hand spares what was used since it last came by`() {
    // 4 takes the place of 2: the hand has passed over 1.
    #expect(
      self.hits(.sieve, capacity: 3, [1, 2, 3, 1, 4, 1]) == [
        false, false, false, true, false, true,
      ])
  }

  @Test func `s3-fifo lets a scan pass through its small queue, and remembers what it turned out`()
  {
    var simulation = PolicySimulation(.s3FIFO, capacity: 100)
    for _ in 0..<4 { for key in 0..<50 { simulation.request(UInt64(key)) } }
    for key in 1000..<3000 { simulation.request(UInt64(key)) }
    let before = simulation.hits
    for key in 0..<50 { simulation.request(UInt64(key)) }
    let kept = simulation.hits - before
    #expect(kept >= 45, "what was used often is still there")
    let turnedOut: UInt64 = 2960
    let first = simulation.request(turnedOut)
    for key in 5000..<5050 { simulation.request(UInt64(key)) }
    let second = simulation.request(turnedOut)
    #expect(!first, "it passed through the small queue")
    #expect(second, "it came back as a ghost, so to the main queue")
  }

  @Test func `w-tinylfu keeps frequent keys where lru keeps none`() {
    // Each key comes back only after 400 others, but the first 50 twice as often as the rest.
    var keys: [UInt64] = []
    for round in 0..<60 {
      keys += (0..<50)
      keys += (0..<175).map { UInt64(1000 + (round % 2) * 175 + $0) }
    }
    func ratio(_ policy: EvictionPolicy) -> Double {
      var simulation = PolicySimulation(policy, capacity: 100)
      for key in keys { simulation.request(key) }
      return simulation.hitRatio
    }
    #expect(ratio(.lru) < 0.01)
    #expect(ratio(.wTinyLFU) > 0.15)
  }

  @Test func `the window grows while that brings hits, and gives way when it does not`() {
    var climber = WindowClimber()
    func sample(hits: Int) {
      for _ in 0..<hits { climber.hit() }
      for _ in hits..<2000 { climber.miss(entries: 100) }
    }
    #expect(climber.share == 0.01)
    sample(hits: 1000)
    #expect(climber.share < 0.01, "the first sample says nothing")
    sample(hits: 980)
    let larger = climber.share
    #expect(larger > 0.05)
    sample(hits: 990)
    #expect(climber.share > larger)
    let largest = climber.share
    sample(hits: 970)
    #expect(climber.share < largest)
  }

  @Test(arguments: [10_000, 100_000])
  func `a ghost is forgotten when it is asked for, and after as many as there are entries`(
    entries: Int
  ) {
    var ghosts = GhostList()
    var random = SplitMix64(state: 1)
    ghosts.resize(forEntries: entries)
    let hashes = (0..<3 * entries).map { _ in random.next() }
    for hash in hashes { ghosts.insert(hash) }
    func removed(_ some: ArraySlice<UInt64>) -> Int {
      var count = 0
      for hash in some where ghosts.remove(hash) { count += 1 }
      return count
    }
    let newest = hashes.suffix(entries * 4 / 10)
    let (first, again, old) = (removed(newest), removed(newest), removed(hashes.prefix(entries)))
    #expect(first > newest.count * 98 / 100)
    #expect(again < newest.count / 400)
    #expect(old < entries / 400)
  }

  @Test func `in a small cache the ghosts are the last nine tenths that nobody asked for`() {
    var ghosts = GhostList()
    var random = SplitMix64(state: 3)
    ghosts.resize(forEntries: 100)
    // The plain form: the oldest first, and one more than ninety.
    var row: [UInt64] = []
    for _ in 0..<5000 {
      let hash = random.next()
      ghosts.insert(hash)
      row.append(hash)
      if row.count > 91 { row.removeFirst() }
      guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
      let place = row.indices.randomElement(using: &random) ?? 0
      let first = ghosts.remove(row[place])
      let again = ghosts.remove(row[place])
      let strange = ghosts.remove(random.next())
      #expect(first && !again && !strange)
      row.remove(at: place)
    }
    var kept = 0
    for hash in row where ghosts.remove(hash) { kept += 1 }
    #expect(kept == row.count)
  }

  @Test func `with s3-fifo the first tenth that came in is the first to go`() {
    // None is used again until the cache is full: ten go, and the other ninety stay.
    var simulation = PolicySimulation(.s3FIFO, capacity: 100)
    for key in 0..<110 { simulation.request(UInt64(key)) }
    var hits = 0
    for key in 10..<100 where simulation.request(UInt64(key)) { hits += 1 }
    #expect(hits == 90)
  }

  @Test func `the sketch counts to 15 and halves what is old`() {
    var sketch = FrequencySketch()
    sketch.resize(forEntries: 1000)
    let hash: UInt64 = 0x1234_5678_9ABC_DE00
    var seen = [sketch.frequency(of: hash)]
    for _ in 0..<20 { sketch.increment(hash) }
    seen.append(sketch.frequency(of: hash))
    var random = SplitMix64(state: 2)
    for _ in 0..<20_000 { sketch.increment(random.next()) }
    seen.append(sketch.frequency(of: hash))
    for entries in [2000, 3100, 500] {
      sketch.resize(forEntries: entries)
      seen.append(sketch.frequency(of: hash))
    }
    #expect(seen[0] == 0)
    #expect(seen[1] == 15)
    #expect((7...9).contains(seen[2]), "halved once: \(seen[2])")
    #expect(seen[3] == seen[2] && seen[4] == seen[2], "a larger sketch takes over what was known")
    #expect(seen[5] >= seen[2], "and a smaller one, of several keys the most")
  }
}
