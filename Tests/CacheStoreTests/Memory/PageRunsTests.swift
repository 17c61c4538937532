import Testing

@testable import CacheStore

@Suite struct PageRunsTests {
  @Test func `runs of all sizes overlap nowhere, and join when they are freed`() throws {
    var runs = try Self.runs(pages: 2000)
    var random = SplitMix64(state: 7)
    var owner = [Int?](repeating: nil, count: 2001)
    var held: [PageRuns.Run] = []
    for step in 0..<20_000 {
      if Int.random(in: 0..<100, using: &random) < 55,
        let found = runs.allocate(Int.random(in: 1...60, using: &random))
      {
        for page in found.run.page..<found.run.page + found.run.count {
          try #require(owner[page] == nil, "page \(page) is given out twice")
          owner[page] = step
        }
        held.append(found.run)
      } else if !held.isEmpty {
        let run = held.remove(at: Int.random(in: held.indices, using: &random))
        for page in run.page..<run.page + run.count { owner[page] = nil }
        runs.free(run, as: Bool.random(using: &random) ? .warm : .cold)
      }
      #expect(runs.usedPages == held.reduce(0) { $0 + $1.count })
    }
    for run in held { runs.free(run, as: .cold) }
    while let idle = runs.takeIdle(countMax: 1 << 40) { runs.free(idle, as: .cold) }
    #expect(runs.usedPages == 0 && runs.warmPages == 0)
    // All of it is one run again.
    #expect(runs.allocate(2000)?.run == PageRuns.Run(page: 1, count: 2000))
  }

  @Test func `memory comes and goes in pages of the system; the rest of one is warm`() throws {
    var random = SplitMix64(state: 11)
    guard var runs = PageRuns(pages: 4000, systemPage: 4) else { throw NoRoom() }
    // By page: whether its memory is the process's, and whether it is somebody's.
    var resident = [Bool](repeating: false, count: 4004)
    var owned = [Bool](repeating: false, count: 4004)
    var held: [PageRuns.Run] = []
    for _ in 0..<20_000 {
      if Int.random(in: 0..<100, using: &random) < 52,
        let found = runs.allocate(Int.random(in: 1...40, using: &random))
      {
        let pages = found.run.page..<found.run.page + found.run.count
        try #require(pages.lowerBound >= 4 && !pages.contains { owned[$0] })
        if let fresh = found.fresh {
          let pages = fresh.page..<fresh.page + fresh.count
          try #require(fresh.page % 4 == 0 && fresh.count % 4 == 0)
          for page in pages {
            try #require(!resident[page])
            resident[page] = true
          }
        }
        try #require(pages.allSatisfy { resident[$0] })
        for page in pages { owned[page] = true }
        held.append(found.run)
      } else if !held.isEmpty {
        let run = held.remove(at: Int.random(in: held.indices, using: &random))
        for page in run.page..<run.page + run.count { owned[page] = false }
        runs.free(run, as: .warm)
      }
      if Int.random(in: 0..<4, using: &random) == 0, let idle = runs.takeIdle(countMax: 10) {
        try #require(idle.page % 4 == 0 && idle.count % 4 == 0 && idle.count <= 12)
        for page in idle.page..<idle.page + idle.count {
          try #require(resident[page] && !owned[page])
          resident[page] = false
        }
        runs.free(idle, as: .cold)
      }
      try #require(runs.usedPages == owned.filter { $0 }.count)
      try #require(runs.usedPages + runs.warmPages == resident.filter { $0 }.count)
    }
    for run in held { runs.free(run, as: .warm) }
    while let idle = runs.takeIdle(countMax: 1 << 40) { runs.free(idle, as: .cold) }
    #expect(runs.usedPages == 0 && runs.warmPages == 0)
    #expect(runs.allocate(4000)?.run == PageRuns.Run(page: 4, count: 4000))
  }

  @Test func `runs that are no whole pages of the system lie close together`() throws {
    guard var runs = PageRuns(pages: 4000, systemPage: 4) else { throw NoRoom() }
    for _ in 0..<100 { _ = try Self.take(5, of: &runs) }
    #expect(runs.usedPages == 500 && runs.warmPages < 4)
  }

  @Test func `a warm run is taken before a cold one, and its rest stays warm`() throws {
    var runs = try Self.runs(pages: 100)
    let first = try Self.take(20, of: &runs)
    #expect(first.fresh == first.run)
    runs.free(first.run, as: .warm)
    let second = try Self.take(15, of: &runs)
    #expect(second.run == PageRuns.Run(page: first.run.page, count: 15))
    #expect(second.fresh == nil && runs.warmPages == 5)
  }

  @Test func `a run that is longer than any free one is refused`() throws {
    var runs = try Self.runs(pages: 100)
    #expect(runs.allocate(101) == nil)
    #expect(runs.allocate(60) != nil)
    #expect(runs.allocate(41) == nil)
    #expect(runs.allocate(40) != nil)
    #expect(runs.allocate(1) == nil)
  }

  @Test func `no more idle pages are taken than asked for`() throws {
    var runs = try Self.runs(pages: 100)
    let run = try Self.take(30, of: &runs).run
    runs.free(run, as: .warm)
    let idle = runs.takeIdle(countMax: 12)
    #expect(idle?.count == 12 && runs.warmPages == 18)
    #expect(runs.takeIdle(countMax: 0) == nil)
  }

  @Test func `each size has a bin, and no run of a later bin is shorter`() {
    var last = 0
    for pages in 1...100_000 {
      let bin = RunBins.bin(of: pages)
      #expect(bin == last || bin == last + 1)
      last = bin
    }
    #expect(RunBins.bin(of: Int(UInt32.max)) < RunBins.count)
  }

  private static func runs(pages: Int) throws -> PageRuns {
    guard let runs = PageRuns(pages: pages) else { throw NoRoom() }
    return runs
  }

  private static func take(
    _ count: Int, of runs: inout PageRuns
  ) throws -> (run: PageRuns.Run, fresh: PageRuns.Run?) {
    guard let found = runs.allocate(count) else { throw NoRoom() }
    return found
  }

  private struct NoRoom: Error {}
}
