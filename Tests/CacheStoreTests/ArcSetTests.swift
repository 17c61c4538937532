import CacheStore
import Testing

struct ArcSetTests {
  @Test func `arcs that wrap past the largest hash are two ranges`() {
    let set = ArcSet([HashArc(after: .max - 10, through: 4)])
    #expect(set.ranges == [0...4, (.max - 9)...UInt64.max])
    #expect(set.contains(0) && set.contains(.max) && !set.contains(5) && !set.contains(.max - 10))
  }

  @Test func `ranges that overlap or touch become one`() {
    #expect(ArcSet([5...9, 0...4, 8...20, 30...31]).ranges == [0...20, 30...31])
    #expect(ArcSet([0...UInt64.max, 3...4]) == .all)
  }

  @Test func `nothing and everything are each other's rest`() {
    #expect(ArcSet.all.complement == .none && ArcSet.none.complement == .all)
    #expect(ArcSet.all.share == 1 && ArcSet.none.share == 0)
    #expect(ArcSet.none.isEmpty && !ArcSet.all.isEmpty)
    #expect(ArcSet([HashArc.all]) == .all)
  }

  @Test(arguments: 0..<50)
  func `sets of small numbers do as sets of numbers do`(seed: UInt64) {
    var random = SplitMix64(state: seed)
    // The smallest and the largest hashes, where carries go wrong.
    let circle = (UInt64(0)..<40).map { $0 &- 20 }
    func draw() -> (ArcSet, Set<UInt64>) {
      let arcs = (0..<Int(random.next() % 4)).map { _ in
        HashArc(after: circle[Int(random.next() % 40)], through: circle[Int(random.next() % 40)])
      }
      return (ArcSet(arcs), Set(circle.filter { hash in arcs.contains { $0.contains(hash) } }))
    }
    let ((a, inA), (b, inB)) = (draw(), draw())
    func members(_ set: ArcSet) -> Set<UInt64> { Set(circle.filter(set.contains)) }
    #expect(members(a) == inA)
    #expect(members(a.union(b)) == inA.union(inB))
    #expect(members(a.intersection(b)) == inA.intersection(inB))
    #expect(members(a.subtracting(b)) == inA.subtracting(inB))
    #expect(members(a.complement) == Set(circle).subtracting(inA))
    let lookup = ArcLookup(a)
    #expect(Set(circle.filter(lookup.contains)) == inA)
    #expect(a.subtracting(b).union(a.intersection(b)) == a)
    #expect(abs(a.share + a.complement.share - 1) < 1e-9)
  }

  @Test(arguments: [0, 1, 2, 3, 1_000, 2_048])
  func `a lookup says of every hash what the set says`(rangeCount: Int) {
    var random = SplitMix64(state: UInt64(rangeCount))
    // Narrow and wide ranges, so that a cell has many of them, or a range many cells.
    let set = ArcSet(
      (0..<rangeCount).map { _ in
        let lower = random.next()
        let (upper, isOver) = lower.addingReportingOverflow(
          random.next() >> (random.next() % 40 + 10))
        return lower...(isOver ? .max : upper)
      })
    let lookup = ArcLookup(set)
    let ends = set.ranges.flatMap { range in
      [range.lowerBound &- 1, range.lowerBound, range.upperBound, range.upperBound &+ 1]
    }
    let others = (0..<1_000).map { _ in random.next() } + [0, .max]
    for hash in ends + others { #expect(lookup.contains(hash) == set.contains(hash)) }
  }
}
