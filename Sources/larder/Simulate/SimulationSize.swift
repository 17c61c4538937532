import CacheStore

/// A size of cache to try: so many entries, or a share of the trace's different keys.
enum SimulationSize: Equatable {
  case entries(Int)
  case percent(Double)

  /// `1000` or `5%`.
  init(parsing text: String) throws(ArgumentRefusal) {
    if text.hasSuffix("%") {
      guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else {
        throw ArgumentRefusal(
          description: "\(text) is no share. Expected more than 0% and at most 100%")
      }
      self = .percent(percent)
      return
    }
    guard let entries = Int(text), (1...PolicySimulation.capacityMax).contains(entries) else {
      throw ArgumentRefusal(
        description:
          "\(text) is no size. Expected entries, from 1 to \(PolicySimulation.capacityMax), or a"
          + " share of the different keys such as 5%")
    }
    self = .entries(entries)
  }

  /// In entries: one at least.
  func entries(ofDistinct distinct: Int) -> Int {
    switch self {
    case .entries(let entries): entries
    case .percent(let percent):
      min(
        max(1, Int((Double(distinct) * percent / 100).rounded())), PolicySimulation.capacityMax)
    }
  }
}

/// The sizes of `--size`, as one argument.
struct SimulationSizes: Equatable {
  let sizes: [SimulationSize]

  static let standard = Self(sizes: [0.1, 1, 5, 10, 20, 50].map { .percent($0) })

  init(sizes: [SimulationSize]) { self.sizes = sizes }

  init(parsing text: String) throws(ArgumentRefusal) {
    var sizes: [SimulationSize] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      sizes.append(try SimulationSize(parsing: String(part)))
    }
    self.sizes = sizes
  }
}

/// The policies of `--policy`, as one argument.
struct SimulationPolicies: Equatable {
  let policies: [EvictionPolicy]

  static let all = Self(policies: EvictionPolicy.allCases)

  init(policies: [EvictionPolicy]) { self.policies = policies }

  init(parsing text: String) throws(ArgumentRefusal) {
    var policies: [EvictionPolicy] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let policy = EvictionPolicy(rawValue: String(part)) else {
        let names = EvictionPolicy.allCases.map(\.rawValue).joined(separator: ", ")
        throw ArgumentRefusal(description: "\"\(part)\" is no policy. Expected some of \(names)")
      }
      policies.append(policy)
    }
    self.policies = policies
  }
}
