import ArgumentParser
import Foundation
import GRPC

/// `larder bench`: makes calls and measures how they are answered.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Put load on a node and measure how it answers.",
    discussion: """
      Without --rate each stream makes its next call when the last one is answered. With --rate \
      calls are due at a steady rate whatever the answers do, and latency counts from when a call \
      was due: time that a call waits because earlier ones are slow is part of it.

      Percentiles are of calls that ended with status OK. incr has keys of its own, for the other \
      keys hold values that are no numbers. Ctrl-C ends the load early and reports what was \
      measured. The exit status is 70 if no call ended with status OK.

      The generator needs processor time itself: on the node's own machine it takes from what it \
      measures.

      EXAMPLES:

      Nine reads to one write over a million keys, few of them hot, as fast as it goes:

        larder bench --keys 1000000 --key-distribution zipf --preload

      Latency at 20,000 calls per second:

        larder bench --rate 20000 --preload --duration 1m
      """)

  @OptionGroup(title: "Load") var load: LoadOptions
  @OptionGroup(title: "TLS") var tls: ClientTLSOptions
  @OptionGroup(title: "Keys and values") var entries: EntryOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Do not say how it goes.")
  var quiet = false

  /// What was asked for, as a whole.
  var plan: BenchPlan {
    var plan = BenchPlan(mix: self.load.mix)
    self.load.fill(&plan)
    self.entries.fill(&plan)
    return plan
  }

  func validate() throws {
    if let problem = self.plan.problem { throw ValidationError(problem) }
    if self.entries.zipfExponent != nil, self.entries.keyDistribution != .zipf {
      throw ValidationError("--zipf-exponent is for --key-distribution zipf.")
    }
  }

  func run() async throws {
    // A node that closes a connection is an error of one write.
    signal(SIGPIPE, SIG_IGN)
    do {
      let progress = BenchProgress(isQuiet: self.quiet)
      var plan = self.plan
      plan.token = try self.load.credentials.token()
      var run = BenchRun(plan: plan, tls: try self.tls.load(), progress: progress)
      let result = try await run.measure()
      let report = BenchReport(result: result)
      try StandardStreams.writeOutput(
        Array((self.json ? "\(report.json)\n" : report.text).utf8))
      // A load that measured nothing must not pass for one that went well.
      guard result.counts.codes[StatusCode.ok.rawValue] > 0 else { throw ExitStatus.refused }
    } catch let failure as CommandFailure {
      try StandardStreams.complain("bench", failure.message)
      throw failure.exit
    }
  }
}
