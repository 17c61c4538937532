import ArgumentParser
import CacheStore
import Foundation

/// `larder simulate`: replays a trace against the policies that a node can be given.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Replay a trace against eviction policies, to choose policy and size by it.",
    discussion: """
      The trace is CSV, or keys of four bytes each (little-endian), plain or gzip. Its name tells \
      which: .csv, .u32, or either with .gz; otherwise say --format. The policies are the node's \
      own code, on entries of one size: a request for a key that is not there brings it in.

      Each run keeps some 100 bytes for each entry of its cache, and 8 for each request of the \
      trace are kept once.

      EXAMPLES:

      All policies at the usual sizes:

        larder simulate requests.csv.gz --key-column 2 --skip-header

      Two policies at two sizes, with a picture:

        larder simulate oltp.u32.gz --size 1000,5% --policy lru,s3-fifo --svg oltp.svg
      """)

  /// As `TraceFormat`, by the name it has on the command line.
  enum FormatName: String, CaseIterable, ExpressibleByArgument, Sendable {
    case csv, u32
  }

  @Argument(help: ArgumentHelp("The file with the requests.", valueName: "trace"))
  var trace: String

  @Option(
    help: ArgumentHelp(
      "Sizes of the cache: entries, or a share of the different keys."
        + " (default: 0.1%,1%,5%,10%,20%,50%)", valueName: "size,..."),
    transform: SimulationSizes.init(parsing:))
  var size = SimulationSizes.standard

  @Option(
    help: ArgumentHelp(
      "Policies to try: lru, lru2, s3-fifo, sieve, w-tinylfu. (default: all)",
      valueName: "policy,..."),
    transform: SimulationPolicies.init(parsing:))
  var policy = SimulationPolicies.all

  @Option(help: ArgumentHelp("csv or u32. (default: by the file's name)", valueName: "format"))
  var format: FormatName?

  @Option(help: ArgumentHelp("Where a line of CSV has the key, from 1.", valueName: "number"))
  var keyColumn = 1

  @Flag(help: "The first line of CSV names the columns.")
  var skipHeader = false

  @Option(help: ArgumentHelp("Write the curves to this file too.", valueName: "file"))
  var svg: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    guard keyColumn >= 1 else { throw ValidationError("--key-column is counted from 1.") }
  }

  /// What the file holds, by its name where nothing else says it; nil where that does not tell.
  var traceFormat: TraceFormat? {
    var name = Substring(self.trace)
    if name.hasSuffix(".gz") { name = name.dropLast(3) }
    switch self.format {
    case .csv: return .csv(column: self.keyColumn)
    case .u32: return .uint32
    case nil where name.hasSuffix(".csv"): return .csv(column: self.keyColumn)
    case nil where name.hasSuffix(".u32"): return .uint32
    case nil: return nil
    }
  }

  func run() async throws {
    do {
      guard let format = self.traceFormat else {
        throw CommandFailure(
          "the name of \(self.trace) does not tell its format: say --format csv or --format u32",
          exit: .validationFailure)
      }
      let report = try await self.replay(format)
      if let path = self.svg {
        try StandardStreams.write(Array(report.svg.utf8), path: path)
      }
      try StandardStreams.writeOutput(
        Array((self.json ? "\(report.json)\n" : report.text).utf8))
    } catch let failure as CommandFailure {
      try StandardStreams.complain("simulate", failure.message)
      throw failure.exit
    }
  }

  private func replay(_ format: TraceFormat) async throws -> HitRatioReport {
    let isTerminal = StandardStreams.isErrorTerminal
    let keys = try TraceFile(path: self.trace).keys(format, skipsHeader: self.skipHeader) {
      guard isTerminal else { return }
      try StandardStreams.writeError(
        "\rreading: \(DecimalText.grouped(UInt64($0))) requests\u{1b}[K")
    }
    let distinct = Set(keys).count
    var sizes: [Int] = []
    for size in self.size.sizes.map({ $0.entries(ofDistinct: distinct) })
    where !sizes.contains(size) { sizes.append(size) }
    let policies = self.policy.policies
    let progress = SimulationProgress(total: keys.count * sizes.count * policies.count)
    let ratios = try await withThrowingTaskGroup(of: (Int, Int, Double).self) { group in
      for (row, size) in sizes.enumerated() {
        for (column, policy) in policies.enumerated() {
          group.addTask {
            (row, column, try Self.hitRatio(policy, size, keys, progress))
          }
        }
      }
      let empty = [Double](repeating: 0, count: policies.count)
      return try await group.reduce(into: Array(repeating: empty, count: sizes.count)) {
        $0[$1.0][$1.1] = $1.2
      }
    }
    try progress.end()
    return HitRatioReport(
      requests: keys.count, distinctKeys: distinct, policies: policies, sizes: sizes,
      ratios: ratios)
  }

  /// Requests between two looks at the progress.
  private static let requestsPerStep = 1 << 16

  private static func hitRatio(
    _ policy: EvictionPolicy, _ size: Int, _ keys: [UInt64], _ progress: SimulationProgress
  ) throws -> Double {
    var simulation = PolicySimulation(policy, capacity: size)
    for start in stride(from: 0, to: keys.count, by: Self.requestsPerStep) {
      let end = min(start + Self.requestsPerStep, keys.count)
      for index in start..<end { simulation.request(keys[index]) }
      try progress.advance(by: end - start)
    }
    return simulation.hitRatio
  }
}
