import Testing

/// Each command as a person types it, against a real node.
@Suite struct EndToEndTests {
  @Test func `an entry is stored, read, touched, counted and removed`() throws {
    let node = try TestNode()
    let stored = try node.run("set", "k", "hello", "--flags", "3")
    #expect(stored.status == 0)
    #expect(stored.output.hasPrefix("stored, version "))
    let version = stored.output.dropFirst("stored, version ".count).dropLast()

    let got = try node.run("get", "k")
    #expect(got.output == "hello" && got.status == 0)
    #expect(
      try node.run("get", "k", "--json").output
        == #"{"key":"k","value":"hello","version":"\#(version)","ttl_ms":null,"flags":3}"# + "\n")

    #expect(try node.run("touch", "k", "--ttl", "1h").output == "touched\n")
    #expect(try node.run("get", "k", "--json").output.contains("\"ttl_ms\":3"))
    #expect(try node.run("incr", "n", "--by", "5", "--initial", "10").output == "15\n")
    #expect(try node.run("incr", "n", "--by=-1").output == "14\n")

    #expect(try node.run("delete", "k").output == "deleted\n")
    let absent = try node.run("delete", "k", "n")
    #expect(absent.status == 1)
    #expect(absent.output == "deleted 1 of 2\n")
    #expect(absent.errors == "larder delete: no entry under \"k\"\n")
  }

  @Test func `a miss says nothing on standard output and exits with 1`() throws {
    let node = try TestNode()
    let miss = try node.run("get", "absent")
    #expect(miss.status == 1 && miss.output == "")
    #expect(miss.errors == "larder get: no entry under \"absent\"\n")
    #expect(try node.run("touch", "absent").status == 1)
  }

  @Test func `a condition that does not hold stores nothing and exits with 1`() throws {
    let node = try TestNode()
    #expect(try node.run("set", "k", "a", "--if-absent").status == 0)
    let refused = try node.run("set", "k", "b", "--if-absent")
    #expect(refused.status == 1)
    #expect(refused.errors.hasPrefix("larder set: not stored: there is an entry under the key"))
    #expect(try node.run("set", "k", "b", "--if-version", "1").status == 1)
    #expect(try node.run("set", "other", "b", "--if-present").status == 1)
    #expect(try node.run("get", "k").output == "a")
  }

  @Test func `a value on standard input is stored byte for byte`() throws {
    let node = try TestNode()
    let value: [UInt8] = [0x00, 0xff, 0x0a]
    #expect(try node.run("set", "k", input: value).status == 0)
    #expect(try node.run("get", "k", "--json").output.contains(#""value_base64":"AP8K""#))
    #expect(try node.run("set", "k", "-", input: []).status == 0)
    let empty = try node.run("get", "k")
    #expect(empty.status == 0 && empty.output == "")
  }

  @Test func `what the node refuses is told with its reason and exits with 70`() throws {
    let node = try TestNode()
    let refused = try node.run("get", "k", "--namespace", "x")
    #expect(refused.status == 70)
    #expect(refused.errors.hasPrefix("larder get: NOT_FOUND: namespace \"x\""))
    #expect(refused.errors.hasSuffix("(NAMESPACE_UNKNOWN)\n"))
  }

  @Test func `the status names the node`() throws {
    let node = try TestNode()
    #expect(try node.run("status").output.hasPrefix("node         \(node.target)\n"))
    #expect(try node.run("status", "--json").output.hasPrefix(#"{"node_id":"\#(node.target)""#))
  }

  @Test(arguments: [[], ["--rate", "500"]])
  func `a short load over all kinds of calls has no errors`(rate: [String]) throws {
    let node = try TestNode()
    let all = "get=4,set=1,delete=1,incr=1,getmany=1,setmany=1,touch=1"
    let result = try node.run(
      arguments: [
        "bench", "--json", "--quiet", "--duration", "500ms", "--warmup", "0", "--connections", "2",
        "--streams", "3", "--keys", "500", "--key-distribution", "zipf", "--batch", "7", "--mix",
        all, "--value-size", "0-2KiB", "--preload",
      ] + rate)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains(#""errors":{},"unanswered":0,"reconnects":0"#))
    #expect(!result.output.contains(#""calls":0,"#))
    #expect(result.output.contains(#""cpu_us_per_call":"#))
  }
}
