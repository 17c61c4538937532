import Testing

@testable import CacheStore

struct HashArcTests {
  @Test("an arc has its end and not its beginning")
  func ends() {
    let arc = HashArc(after: 10, through: 20)
    #expect([10, 11, 20, 21].map(arc.contains) == [false, true, true, false])
  }

  @Test("an arc wraps from the largest hash to 0")
  func wrapping() {
    let arc = HashArc(after: .max - 1, through: 1)
    #expect([.max - 1, .max, 0, 1, 2].map(arc.contains) == [false, true, true, true, false])
    #expect(ArcSet([arc]).ranges == [0...1, .max ... .max])
  }

  @Test("equal ends are the whole circle")
  func whole() {
    for arc in [HashArc.all, HashArc(after: 5, through: 5)] {
      #expect([0, 4, 5, 6, .max].allSatisfy(arc.contains))
    }
  }

  @Test("tracked arcs answer as each of them would, with overlaps and wrapping")
  func tracked() {
    var random = SplitMix64(state: 7)
    for _ in 0..<200 {
      // A circle of few different points makes touching and equal ends common.
      let points: [UInt64] = [0, 1, 2, 100, 101, 1 << 40, 1 << 63, .max - 1, .max]
      let arcs = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        HashArc(
          after: points.randomElement(using: &random) ?? 0,
          through: points.randomElement(using: &random) ?? 0)
      }
      var ranges: [ClosedRange<UInt64>] = []
      for arc in arcs { arc.addRanges(to: &ranges) }
      var tracked = TrackedArcs()
      tracked.insert(ranges)
      for point in points.flatMap({ [$0 == 0 ? 0 : $0 - 1, $0, $0 == .max ? .max : $0 + 1] }) {
        #expect(tracked.contains(point) == arcs.contains { $0.contains(point) })
        #expect(tracked.overlaps(point...point) == arcs.contains { $0.contains(point) })
      }
      tracked.remove(ranges)
      #expect(tracked.isEmpty)
    }
  }

  @Test("a hash is tracked until it is untracked as often, in whatever pieces")
  func counted() {
    var random = SplitMix64(state: 3)
    for _ in 0..<200 {
      var counts = [Int](repeating: 0, count: 12)
      var tracked = TrackedArcs()
      // The last of the numbers stands for the end of the circle.
      func hash(_ number: Int) -> UInt64 { number == 11 ? .max : UInt64(number) }
      for _ in 0..<20 {
        let (one, other) = (
          Int.random(in: 0...11, using: &random), Int.random(in: 0...11, using: &random)
        )
        let numbers = min(one, other)...max(one, other)
        let range = hash(numbers.lowerBound)...hash(numbers.upperBound)
        if Bool.random(using: &random) {
          tracked.insert([range])
          for number in numbers { counts[number] += 1 }
        } else {
          tracked.remove([range])
          for number in numbers { counts[number] = max(0, counts[number] - 1) }
        }
        for number in 0...11 {
          #expect(tracked.contains(hash(number)) == (counts[number] > 0))
        }
        #expect(tracked.isEmpty == counts.allSatisfy { $0 == 0 })
        for (range, next) in zip(tracked.hashes.ranges, tracked.hashes.ranges.dropFirst()) {
          #expect(range.upperBound + 1 < next.lowerBound, "ranges that touch are one")
        }
      }
    }
  }
}
