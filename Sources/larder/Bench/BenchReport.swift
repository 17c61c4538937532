import GRPC
import LarderAPI

/// A run's result as people read it.
struct BenchReport {
  let result: BenchResult

  /// Percentiles that are told, with their names.
  static let percentiles: [(name: String, percent: Double)] = [
    ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9),
  ]

  /// What was done, a table by kind of call, and what is worth knowing beside it.
  var text: String {
    self.heading + "\n\n" + self.latencies.text + "\n" + self.remarks.text
  }

  /// True where the load did not keep to its schedule, so that its rate is not the one asked for.
  var isBehind: Bool { self.result.counts.late > 0 || self.result.backlog > 0 }

  /// Microseconds of the node's processor time for each call; nil where it did not tell, was
  /// restarted meanwhile, or answered nothing.
  var cpuMicrosecondsPerCall: Double? {
    let calls = self.result.counts.codes.reduce(0, +)
    guard let before = self.result.before, let after = self.result.after, calls > 0,
      after.processID == before.processID, after.cpuTimeMicroseconds >= before.cpuTimeMicroseconds
    else { return nil }
    return Double(after.cpuTimeMicroseconds - before.cpuTimeMicroseconds) / Double(calls)
  }

  /// Of a count, for each second of the load.
  func perSecond(_ count: UInt64) -> Double {
    self.result.seconds > 0 ? Double(count) / self.result.seconds : 0
  }

  private var heading: String {
    let plan = self.result.plan
    let seconds = DecimalText.fixed(self.result.seconds, places: 1)
    let keys =
      switch plan.distribution {
      case .uniform: "uniform"
      case .zipf(let exponent): "zipf \(DecimalText.short(exponent))"
      }
    let loop = plan.rate.map { " at \(DecimalText.short($0)) calls/s" } ?? ""
    return (self.result.isInterrupted ? "interrupted after " : "")
      + "\(seconds) s: \(plan.mix)\(loop), connections x streams: \(plan.connections) x"
      + " \(plan.streams), threads: \(plan.threads),"
      + " keys: \(DecimalText.grouped(UInt64(plan.keys))) (\(keys))"
  }

  private var latencies: TextTable {
    let names = Self.percentiles.map(\.name)
    var table = TextTable([.left] + Array(repeating: .right, count: names.count + 4))
    table.add(["", "calls", "calls/s"] + names + ["max", "hit ratio"])
    let kinds = self.result.plan.mix.kinds
    for kind in kinds {
      guard let counts = self.result.counts.kinds[kind.rawValue] else { continue }
      table.add(self.row(kind.name, counts))
    }
    if kinds.count > 1 { table.add(self.row("total", self.result.counts.total)) }
    return table
  }

  private func row(_ name: String, _ counts: KindCounts) -> [String] {
    let isMeasured = counts.calls > 0
    let latencies = Self.percentiles.map { counts.percentile($0.percent) } + [counts.latencyMax]
    return [
      name, DecimalText.grouped(counts.calls),
      DecimalText.grouped(UInt64(self.perSecond(counts.calls).rounded())),
    ] + latencies.map { isMeasured ? DecimalText.latency(nanoseconds: $0) : "-" } + [
      DecimalText.percent(counts.hits, of: counts.hits + counts.misses)
    ]
  }

  private var remarks: TextTable {
    let total = self.result.counts.total
    var table = TextTable([.left, .left])
    let sent = DecimalText.size(UInt64(self.perSecond(total.bytesSent)))
    let received = DecimalText.size(UInt64(self.perSecond(total.bytesReceived)))
    table.add(["messages", "\(sent)/s sent, \(received)/s received"])
    if total.keys > total.calls {
      let keys = DecimalText.grouped(UInt64(self.perSecond(total.keys).rounded()))
      table.add(["entries", "\(keys)/s, batches counted by their keys"])
    }
    for (name, text) in self.troubles { table.add([name, text]) }
    if let cpu = self.cpuMicrosecondsPerCall {
      table.add(["node", "\(DecimalText.fixed(cpu, places: 2)) µs of processor time a call"])
    }
    if let after = self.result.after {
      let used = DecimalText.size(after.memoryUsedBytes)
      let limit = DecimalText.size(after.memoryLimitBytes)
      let resident = DecimalText.size(after.residentBytes)
      table.add(["", "\(used) of \(limit) used, \(resident) resident"])
    }
    return table
  }

  private var troubles: [(String, String)] {
    let (result, counts) = (self.result, self.result.counts)
    var lines: [(String, String)] = []
    for code in StatusCode.allCases where code != .ok && counts.codes[code.rawValue] > 0 {
      let count = DecimalText.grouped(counts.codes[code.rawValue])
      lines.append(("errors", "\(count) x \(counts.messages[code.rawValue] ?? "\(code)")"))
    }
    let items = counts.total.itemErrors
    if items > 0 {
      lines.append(("errors", "\(DecimalText.grouped(items)) entries of batches failed alone"))
    }
    if lines.isEmpty { lines.append(("errors", "none")) }
    if result.unanswered > 0 {
      lines.append(("", "\(result.unanswered) calls were not answered when the load had ended"))
    }
    if counts.reconnects > 0 {
      lines.append(("", "\(counts.reconnects) connections were lost and opened again"))
    }
    if self.isBehind {
      lines.append(
        (
          "behind",
          "\(DecimalText.grouped(counts.late)) calls were made over"
            + " \(LoadCounts.lateMilliseconds) ms after they were due,"
            + " \(DecimalText.grouped(UInt64(result.backlog))) not at all:"
            + " the rate is not held; try more --connections or --streams, or a lower --rate"
        ))
    }
    return lines
  }
}
