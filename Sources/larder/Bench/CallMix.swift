/// Which share of the calls each kind has.
struct CallMix: Equatable, Sendable {
  /// By kind; together 1.
  let shares: [Double]
  /// The upper end of each kind's part of 0..<1; the last kind that occurs ends at 1.
  private let bounds: [Double]

  /// Nine reads to one write.
  static let standard = CallMix(
    weights: CallKind.allCases.map { $0 == .get ? 0.9 : $0 == .set ? 0.1 : 0 })

  /// Shares in any proportion: `get=9,set=1` is `get=0.9,set=0.1`.
  init(parsing text: String) throws(ArgumentRefusal) {
    var weights = [Double](repeating: 0, count: CallKind.allCases.count)
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, let weight = Double(pair[1]), weight.isFinite, weight >= 0 else {
        throw ArgumentRefusal(
          description: "\"\(part)\" is not KIND=SHARE, such as get=0.9,set=0.1")
      }
      guard let kind = CallKind.allCases.first(where: { $0.name == pair[0] }) else {
        let names = CallKind.allCases.map(\.name).joined(separator: ", ")
        throw ArgumentRefusal(description: "\"\(pair[0])\" is no kind of call; there are \(names)")
      }
      guard weights[kind.rawValue] == 0 else {
        throw ArgumentRefusal(description: "\(kind.name) has more than one share")
      }
      weights[kind.rawValue] = weight
    }
    let sum = weights.reduce(0, +)
    guard sum > 0, sum.isFinite else {
      throw ArgumentRefusal(description: "no kind of call has a share above 0")
    }
    self.init(weights: weights)
  }

  /// - Parameter weights: by kind; not all 0, and their sum finite.
  private init(weights: [Double]) {
    let sum = weights.reduce(0, +)
    self.shares = weights.map { $0 / sum }
    var end = 0.0
    var bounds = self.shares.map { share in
      end += share
      return end
    }
    // The sum of the shares may miss 1 by its rounding.
    let last = self.shares.lastIndex { $0 > 0 } ?? 0
    for index in last..<bounds.count { bounds[index] = 1 }
    self.bounds = bounds
  }

  /// The kinds that occur.
  var kinds: [CallKind] { CallKind.allCases.filter { self.shares[$0.rawValue] > 0 } }

  /// One call's kind.
  func next(using random: inout SplitMix64) -> CallKind {
    let draw = random.nextUnit()
    for kind in CallKind.allCases where draw < self.bounds[kind.rawValue] { return kind }
    preconditionFailure("the last bound is 1, and every draw is below it")
  }
}

extension CallMix: CustomStringConvertible {
  /// In the form that `--mix` takes.
  var description: String {
    self.kinds.map { "\($0.name)=\(DecimalText.short(self.shares[$0.rawValue]))" }.joined(
      separator: ",")
  }
}
