import Foundation

/// Ranks 1...count with a probability proportional to `1 / rank^exponent`: few keys are hot, and
/// most are nearly never asked for, as caches see them.
///
/// Rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to generate variates from
/// monotone discrete distributions", ACM TOMACS 6(3), 1996): no table, and the same few
/// tries a draw however many ranks there are. The names are the paper's: `h(x) = x^-exponent`, and
/// its antiderivative H.
struct ZipfDistribution: Sendable {
  private let count: Int
  private let exponent: Double
  private let hIntegralFirst: Double
  private let hIntegralLast: Double
  private let squeeze: Double

  /// - Parameters:
  ///   - count: how many ranks there are; at least 1.
  ///   - exponent: above 0; 1 is the harmonic case, 0.99 what YCSB uses.
  init(count: Int, exponent: Double) {
    precondition(
      count >= 1 && exponent > 0, "a Zipf distribution has ranks and a positive exponent")
    self.count = count
    self.exponent = exponent
    self.hIntegralFirst = Self.hIntegral(1.5, exponent) - 1
    self.hIntegralLast = Self.hIntegral(Double(count) + 0.5, exponent)
    self.squeeze =
      2 - Self.hIntegralInverse(Self.hIntegral(2.5, exponent) - Self.h(2, exponent), exponent)
  }

  /// One rank, in 1...count.
  func next(using random: inout SplitMix64) -> Int {
    while true {
      let u =
        self.hIntegralLast + random.nextUnit() * (self.hIntegralFirst - self.hIntegralLast)
      let x = Self.hIntegralInverse(u, self.exponent)
      // In floating point x may end up beside the range that it is in by the mathematics.
      let rank = min(max(x.rounded(), 1), Double(self.count))
      if rank - x <= self.squeeze
        || u >= Self.hIntegral(rank + 0.5, self.exponent) - Self.h(rank, self.exponent)
      {
        return Int(rank)
      }
    }
  }

  private static func h(_ x: Double, _ exponent: Double) -> Double {
    exp(-exponent * log(x))
  }

  /// `(x^(1 - exponent) - 1) / (1 - exponent)`, and `log(x)` where the exponent is 1.
  private static func hIntegral(_ x: Double, _ exponent: Double) -> Double {
    let logX = log(x)
    return Self.expm1Ratio((1 - exponent) * logX) * logX
  }

  private static func hIntegralInverse(_ x: Double, _ exponent: Double) -> Double {
    // Below -1 only by rounding; the logarithm of a negative number would be none.
    let t = max(x * (1 - exponent), -1)
    return exp(Self.log1pRatio(t) * x)
  }

  /// `log(1 + x) / x`, also close to 0, where it is taken from its series.
  private static func log1pRatio(_ x: Double) -> Double {
    abs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x * (1.0 / 3 - 0.25 * x))
  }

  /// `(e^x - 1) / x`, also close to 0, where it is taken from its series.
  private static func expm1Ratio(_ x: Double) -> Double {
    abs(x) > 1e-8 ? expm1(x) / x : 1 + x * 0.5 * (1 + x * (1.0 / 3) * (1 + 0.25 * x))
  }
}
