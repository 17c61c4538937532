import GRPC
import LarderAPI
import Node

extension BenchReport {
  /// A run's result as scripts read it. Latencies are microseconds.
  var json: JSONText {
    let (result, plan) = (self.result, self.result.plan)
    return .object([
      ("seconds", .decimal(result.seconds, places: 3)),
      ("interrupted", .bool(result.isInterrupted)),
      ("plan", Self.json(of: plan)),
      ("total", self.json(of: result.counts.total)),
      (
        "kinds",
        .object(
          plan.mix.kinds.compactMap { kind in
            result.counts.kinds[kind.rawValue].map { (kind.name, self.json(of: $0)) }
          })
      ),
      ("errors", self.errors),
      ("unanswered", .integer(Int64(result.unanswered))),
      ("reconnects", .unsigned(result.counts.reconnects)),
      ("late", .unsigned(result.counts.late)),
      ("backlog", .integer(Int64(result.backlog))),
      ("node", self.node),
    ])
  }

  private static func json(of plan: BenchPlan) -> JSONText {
    let exponent: JSONText =
      switch plan.distribution {
      case .uniform: .null
      case .zipf(let exponent): .decimal(exponent, places: 3)
      }
    return .object([
      ("target", .string(plan.target.description)), ("namespace", .string(plan.namespace)),
      ("connections", .integer(Int64(plan.connections))),
      ("streams", .integer(Int64(plan.streams))), ("threads", .integer(Int64(plan.threads))),
      ("timeout_ms", plan.timeoutMilliseconds.map { .integer($0) } ?? .null),
      ("rate", plan.rate.map { .decimal($0, places: 3) } ?? .null),
      ("keys", .integer(Int64(plan.keys))), ("owner", plan.owner.map { .string($0) } ?? .null),
      ("zipf_exponent", exponent),
      ("key_bytes", .integer(Int64(plan.keySizeBytes))),
      ("value_bytes_min", .integer(Int64(plan.valueSizesBytes.lowerBound))),
      ("value_bytes_max", .integer(Int64(plan.valueSizesBytes.upperBound))),
      ("batch", .integer(Int64(plan.batch))), ("preloaded", .bool(plan.isPreloaded)),
      // A 64-bit number may be more than a JSON reader holds exactly.
      ("seed", .string(String(plan.seed))),
      (
        "mix",
        .object(
          plan.mix.kinds.map { ($0.name, .decimal(plan.mix.shares[$0.rawValue], places: 6)) })
      ),
    ])
  }

  private func json(of counts: KindCounts) -> JSONText {
    let latencies =
      Self.percentiles.map { ($0.name, counts.percentile($0.percent)) }
      + [("max", counts.latencyMax)]
    return .object([
      ("calls", .unsigned(counts.calls)),
      ("calls_per_second", .decimal(self.perSecond(counts.calls), places: 1)),
      (
        "latency_us",
        .object(
          latencies.map { name, nanoseconds in
            // What did not happen took no time, not 0 µs.
            (name, counts.calls == 0 ? .null : .decimal(Double(nanoseconds) / 1_000, places: 1))
          })
      ),
      ("keys", .unsigned(counts.keys)), ("hits", .unsigned(counts.hits)),
      ("misses", .unsigned(counts.misses)), ("item_errors", .unsigned(counts.itemErrors)),
      ("bytes_sent", .unsigned(counts.bytesSent)),
      ("bytes_received", .unsigned(counts.bytesReceived)),
    ])
  }

  private var errors: JSONText {
    let counts = self.result.counts
    return .object(
      StatusCode.allCases.filter { $0 != .ok && counts.codes[$0.rawValue] > 0 }.map { code in
        (
          "\(code)",
          .object([
            ("calls", .unsigned(counts.codes[code.rawValue])),
            ("first", counts.messages[code.rawValue].map { .string($0) } ?? .null),
          ])
        )
      })
  }

  private var node: JSONText {
    guard let after = self.result.after else { return .null }
    return .object([
      ("cpu_us_per_call", self.cpuMicrosecondsPerCall.map { .decimal($0, places: 3) } ?? .null),
      ("memory_used_bytes", .unsigned(after.memoryUsedBytes)),
      ("memory_limit_bytes", .unsigned(after.memoryLimitBytes)),
      ("resident_bytes", .unsigned(after.residentBytes)),
    ])
  }
}
