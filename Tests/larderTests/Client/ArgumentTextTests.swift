import ArgumentParser
import LarderAPI
import NIOCore
import Node
import Testing

@testable import larder

@Suite struct ArgumentTextTests {
  @Test func `a duration is 1ms at least and ten years at most`() throws {
    #expect(try ArgumentText.duration("1ms") == 1)
    #expect(try ArgumentText.duration("3650d") == ArgumentText.durationMaxMilliseconds)
    for text in ["0", "0s", "3651d"] {
      let refusal = #expect(throws: ArgumentRefusal.self) { try ArgumentText.duration(text) }
      #expect(
        refusal?.description
          == "expected a duration from 1ms to 3650d with ms, s, m, h or d, such as 30s")
    }
  }

  @Test func `where a duration may be 0, it is with and without a unit`() throws {
    for text in ["0", "0ms", "0s", "0d"] {
      #expect(try ArgumentText.duration(text, in: 0...10) == 0)
      #expect(try BenchCommand.parse(["--warmup", text]).plan.warmupMilliseconds == 0)
    }
    #expect(try ArgumentText.duration("10ms", in: 0...10) == 10)
    let refusal = #expect(throws: ArgumentRefusal.self) {
      try ArgumentText.duration("11ms", in: 0...10)
    }
    #expect(refusal?.description.hasPrefix("expected a duration from 0ms to 10ms") == true)
  }

  @Test(arguments: [
    ("--duration", "0", "1ms"), ("--duration", "25h", "1ms"), ("--warmup", "25h", "0ms"),
  ])
  func `a load that cannot last so long is refused with the range`(
    flag: String, text: String, least: String
  ) throws {
    let error = try #require(throws: (any Error).self) {
      try Larder.parseAsRoot(["bench", flag, text])
    }
    #expect(Larder.exitCode(for: error) == .validationFailure)
    #expect(Larder.message(for: error).contains("expected a duration from \(least) to 1d"))
  }

  @Test(arguments: ["", "5", "5 s", "-1s", "s", "1.5s", "99999999999999999999d"])
  func `what is no duration is refused with an example`(text: String) {
    let refusal = #expect(throws: ArgumentRefusal.self) { try ArgumentText.duration(text) }
    #expect(refusal?.description.contains("30s") == true)
  }

  @Test func `sizes are one size or a range, with or without B`() throws {
    #expect(try ArgumentText.sizes("100") == 100...100)
    #expect(try ArgumentText.sizes("100B") == 100...100)
    #expect(try ArgumentText.sizes("0-1KiB") == 0...1024)
    #expect(try ArgumentText.sizes("100B-10KiB") == 100...10_240)
  }

  @Test(arguments: ["", "-", "10KiB-1KiB", "1-2-3", "-5", "100BB", "1MB", "B"])
  func `what is no range of sizes is refused`(text: String) {
    #expect(throws: ArgumentRefusal.self) { try ArgumentText.sizes(text) }
  }

  @Test func `a target is HOST:PORT with a port that can be called`() throws {
    #expect(try ArgumentText.target("[::1]:7600") == HostPort(host: "::1", port: 7600))
    #expect(throws: ArgumentRefusal.self) { try ArgumentText.target("localhost") }
    #expect(throws: ArgumentRefusal.self) { try ArgumentText.target("localhost:0") }
  }
}

@Suite struct CommandLineTests {
  @Test func `the defaults are the node that serve starts and five seconds`() throws {
    let command = try GetCommand.parse(["k"])
    #expect(command.target.address == HostPort(host: "127.0.0.1", port: 7600))
    #expect(command.target.deadline(default: GetCommand.timeoutMilliseconds) == .seconds(5))
    #expect(command.namespace.namespace == "")
  }

  @Test func `an expiry is the namespace's, a time, or never`() throws {
    #expect(try SetCommand.parse(["k", "v"]).expiry.expiry == .namespaceDefault)
    #expect(
      try SetCommand.parse(["k", "v", "--ttl", "2s"]).expiry.expiry == .after(milliseconds: 2_000))
    #expect(try SetCommand.parse(["k", "v", "--no-expiry"]).expiry.expiry == .never)
    #expect(throws: (any Error).self) {
      try TouchCommand.parse(["k", "--ttl", "2s", "--no-expiry"])
    }
  }

  @Test func `of the conditions there is one at most`() throws {
    #expect(try SetCommand.parse(["k", "v"]).condition.condition == .always)
    #expect(try SetCommand.parse(["k", "v", "--if-absent"]).condition.condition == .ifAbsent)
    #expect(try SetCommand.parse(["k", "v", "--if-present"]).condition.condition == .ifPresent)
    #expect(
      try SetCommand.parse(["k", "v", "--if-version", "7"]).condition.condition == .ifVersion(7))
    #expect(throws: (any Error).self) {
      try SetCommand.parse(["k", "v", "--if-absent", "--if-version", "7"])
    }
  }

  @Test(arguments: [
    ["set", "k", "v", "--file", "f"], ["get", "k", "--json", "--output", "f"], ["delete"],
    ["delete", "a", "b", "--if-version", "1"], ["delete", "a", "--if-version", "0"],
    ["set", "k", "v", "--flags", "4294967296"], ["incr", "k", "--by", "x"],
    ["bench", "--zipf-exponent", "1"], ["bench", "--connections", "0"],
    ["bench", "--threads", "2", "--connections", "1"],
  ])
  func `what cannot be used is a usage error`(arguments: [String]) {
    let error = #expect(throws: (any Error).self) { try Larder.parseAsRoot(arguments) }
    if let error { #expect(Larder.exitCode(for: error) == .validationFailure) }
  }
}
