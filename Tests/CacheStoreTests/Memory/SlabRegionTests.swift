import Glibc
import Testing

@testable import CacheStore

@Suite struct SlabRegionTests {
  private static let large = SlabRegion.largePageBytes

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

  @Test func aRegionOfLargePagesBeginsWithSomeOfThem() async throws {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom)
    #expect(Int(bitPattern: region.start) % Self.large == 0)
    #expect(region.providedBytes == SlabRegion.headStartBytes)
    #expect(try await self.becomesResident(region, SlabRegion.headStartBytes))
    #expect(self.residentBytes(region, region.providedBytes + Self.large) == region.providedBytes)
  }

  @Test func theNextPageIsProvidedWhenHalfOfTheLastIsInUse() async throws {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom)
    let provided = region.providedBytes
    region.isUsed(upTo: provided - Self.large / 2)
    #expect(region.providedBytes == provided)
    region.isUsed(upTo: provided - Self.large / 2 + 1)
    #expect(region.providedBytes == provided + Self.large)
    #expect(try await self.becomesResident(region, provided + Self.large))
  }

  @Test func theLastEighthIsLeftToBeTouched() {
    let byteCount = SlabRegion.largePagesFrom + 16 * 4096
    let region = SlabRegion(byteCount: byteCount)
    for _ in 0...byteCount / Self.large { region.isUsed(upTo: region.providedBytes) }
    #expect(region.providedBytes == byteCount / 8 * 7)
  }

  @Test func aSmallRegionProvidesNothing() {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom - 4096)
    region.isUsed(upTo: Self.large)
    #expect(region.providedBytes == 0)
    #expect(self.residentBytes(region, Self.large) == 0)
  }

  @Test func aRegionWithHolesProvidesNoMore() {
    let region = SlabRegion(byteCount: SlabRegion.largePagesFrom)
    let provided = region.providedBytes
    region.avoidLargePages()
    region.isUsed(upTo: provided)
    #expect(region.providedBytes == provided)
  }
}
