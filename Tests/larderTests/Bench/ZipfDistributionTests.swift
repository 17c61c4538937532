import Foundation
import Testing

@testable import larder

@Suite struct ZipfDistributionTests {
  /// Of a distribution: `1 / rank^exponent`, normalised by the sum over all ranks.
  private static func probabilities(count: Int, exponent: Double) -> [Double] {
    let weights = (1...count).map { pow(Double($0), -exponent) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  @Test(arguments: [0.2, 0.99, 1.0, 1.000_000_001, 1.5, 3.0])
  func `ranks come as often as the formula says`(exponent: Double) {
    let (count, draws) = (50, 200_000)
    let zipf = ZipfDistribution(count: count, exponent: exponent)
    var random = SplitMix64(seed: 7)
    var seen = [Int](repeating: 0, count: count)
    for _ in 0..<draws { seen[zipf.next(using: &random) - 1] += 1 }
    for (rank, probability) in Self.probabilities(count: count, exponent: exponent).enumerated() {
      // Five standard deviations of a binomial count; the seed is fixed, so this does not flake.
      let expected = probability * Double(draws)
      let tolerance = 5 * (expected * (1 - probability)).squareRoot() + 1
      #expect(abs(Double(seen[rank]) - expected) <= tolerance, "rank \(rank + 1)")
    }
  }

  @Test func `of one rank there is nothing to choose`() {
    let zipf = ZipfDistribution(count: 1, exponent: 0.99)
    var random = SplitMix64(seed: 1)
    #expect((0..<100).allSatisfy { _ in zipf.next(using: &random) == 1 })
  }

  @Test(arguments: [0.001, 0.99, 10.0])
  func `the most ranks that a plan allows stay in range`(exponent: Double) {
    let zipf = ZipfDistribution(count: KeyPicker.keysMax, exponent: exponent)
    var random = SplitMix64(seed: 3)
    for _ in 0..<10_000 {
      #expect((1...KeyPicker.keysMax).contains(zipf.next(using: &random)))
    }
  }
}
