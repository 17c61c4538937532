import Glibc
import Testing

@testable import CacheStore

@Suite struct SlabRegionTests {
  private static let large = SlabRegion.largePageBytes

  /// Whether the kernel, of 5.14 or newer, provides memory: an older one has it touched.
  private static var canProvide: Bool {
    let page = Mapping.reserve(byteCount: 4096)
    defer { Mapping.release(page, byteCount: 4096) }
    return madvise(page, 4096, 23) == 0
  }

  /// Bytes of the first `byteCount` that are memory by now.
  private func residentBytes(_ region: SlabRegion, _ byteCount: Int) -> Int {
    var pages = [UInt8](repeating: 0, count: byteCount / 4096)
    #expect(mincore(region.start, byteCount, &pages) == 0)
    return pages.count { $0 & 1 != 0 } * 4096
  }

  /// Waits for the thread that provides.
  private func becomesResident(_ region: SlabRegion, _ byteCount: Int) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(30)
    while self.residentBytes(region, byteCount) < byteCount {
      if ContinuousClock.now > end { return false }
      try await Task.sleep(for: .milliseconds(1))
    }
    return true
  }

  @Test(.enabled(if: canProvide))
  func `a region of large pages begins with some of them`() async throws {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom)
    #expect(Int(bitPattern: region.start) % Self.large == 0)
    #expect(region.aheadBytes(of: 0) == SlabRegion.headStartBytes)
    #expect(try await self.becomesResident(region, SlabRegion.headStartBytes))
    let more = SlabRegion.headStartBytes + Self.large
    #expect(self.residentBytes(region, more) == SlabRegion.headStartBytes)
  }

  @Test(.enabled(if: canProvide))
  func `the next page is provided when half of the last is in use`() async throws {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom)
    let half = SlabRegion.headStartBytes - Self.large / 2
    region.provideAhead(of: half)
    #expect(region.aheadBytes(of: 0) == SlabRegion.headStartBytes)
    region.provideAhead(of: half + 1)
    #expect(region.aheadBytes(of: 0) == SlabRegion.headStartBytes + Self.large)
    #expect(try await self.becomesResident(region, SlabRegion.headStartBytes + Self.large))
  }

  @Test func `nothing is provided behind the end`() {
    let byteCount = SlabRegion.largePagesFrom + 16 * 4096
    let region = SlabRegion(byteCount: byteCount)
    for _ in 0...byteCount / Self.large { region.provideAhead(of: region.aheadBytes(of: 0)) }
    #expect(region.aheadBytes(of: 0) == byteCount)
  }

  @Test func `a small region provides nothing`() {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom - 4096)
    region.provideAhead(of: Self.large)
    #expect(region.aheadBytes(of: 0) == 0)
    #expect(self.residentBytes(region, Self.large) == 0)
  }

  @Test(.enabled(if: canProvide))
  func `what is needed for other things is given back, and no more is provided`() async throws {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom)
    #expect(try await self.becomesResident(region, SlabRegion.headStartBytes))
    let used = 5 * 4096
    #expect(region.stopProviding(usedUpTo: used))
    #expect(region.aheadBytes(of: used) == 0)
    #expect(self.residentBytes(region, SlabRegion.headStartBytes) == used)
    #expect(!region.stopProviding(usedUpTo: used))
    region.provideAhead(of: used)
    #expect(region.aheadBytes(of: used) == 0)
  }
}
