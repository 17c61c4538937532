import Testing

@testable import Node

@Suite struct NamespaceTests {
  @Test func `namespaces come after the default one, in the order of the file`() throws {
    let configuration = try load(
      yaml: """
        namespaces:
          - name: sessions
            default-ttl: 30m
            ttl-max: 1d
            value-max: 64KiB
          - name: Pages_2.x-y
        """)
    #expect(configuration.namespaces.map(\.name) == ["", "sessions", "Pages_2.x-y"])
    let sessions = configuration.namespaces[1]
    #expect(sessions.defaultTTLMilliseconds == 1_800_000)
    #expect(sessions.ttlMaxMilliseconds == 86_400_000)
    #expect(sessions.valueMaxBytes == 65_536)
    #expect(
      configuration.namespaces[2]
        == NamespaceConfiguration(name: "Pages_2.x-y", limits: NodeLimits()))
  }

  @Test func `the default namespace may be configured and stays the first`() throws {
    let configuration = try load(
      yaml: "namespaces: [{name: a}, {name: '', default-ttl: 1h}, {name: b, default-ttl: none}]")
    #expect(configuration.namespaces.map(\.name) == ["", "a", "b"])
    #expect(configuration.namespaces[0].defaultTTLMilliseconds == 3_600_000)
    #expect(configuration.namespaces[2].defaultTTLMilliseconds == nil)
  }

  @Test func `what a namespace leaves out follows the node's limits`() throws {
    let configuration = try load(
      ["value-max": "1MiB", "ttl-max": "1h"], yaml: "namespaces: [{name: a}]")
    #expect(configuration.namespaces.map(\.valueMaxBytes) == [1 << 20, 1 << 20])
    #expect(configuration.namespaces.map(\.ttlMaxMilliseconds) == [3_600_000, 3_600_000])
  }

  @Test func `a namespace may have a rate, which others do not have`() throws {
    let namespaces = try load(
      yaml: """
        namespaces:
          - {name: a, rate-limit: 100}
          - {name: b, rate-limit: 5, rate-limit-burst: 9}
        """
    ).namespaces
    #expect(
      namespaces.map(\.rateLimit) == [
        nil, TokenBucket.Rate(perSecond: 100, burst: 100), TokenBucket.Rate(perSecond: 5, burst: 9),
      ])
  }

  @Test func `an empty list of namespaces leaves the default one`() throws {
    #expect(try load(yaml: "namespaces: []").namespaces.map(\.name) == [""])
  }

  private static let names =
    "1 to 128 characters of A-Z a-z 0-9 . _ -, or \"\" for the default namespace."
  private static let durations =
    "a duration from 1ms to 36500d with ms, s, m, h or d, such as 3650d"

  @Test(arguments: [
    ("{a: b}", "FILE, line 1: namespaces is a map. Expected a list, such as - name: sessions."),
    ("", "FILE, line 1: namespaces is nothing. Expected a list, such as - name: sessions."),
    (
      "[a]",
      "namespaces[0].name in FILE, line 1: found \"a\". Expected a map, such as name: sessions."
    ),
    ("[{}]", "namespaces[0].name in FILE, line 1: is missing. Expected \(names)"),
    ("[{name: }]", "namespaces[0].name in FILE, line 1: found nothing. Expected \(names)"),
    ("[{name: [a]}]", "namespaces[0].name in FILE, line 1: found a list. Expected \(names)"),
    (
      "[{name: a/b}]",
      "namespaces[0].name in FILE, line 1: \"a/b\" has a character that a name cannot have."
        + " Expected \(names)"
    ),
    (
      "[{name: b\u{fc}cher}]",
      "namespaces[0].name in FILE, line 1: \"b\u{fc}cher\" has a character that a name cannot have."
        + " Expected \(names)"
    ),
    (
      "[{name: a, tll-max: 1s}]",
      "namespaces[0] in FILE, line 1: no key is named \"tll-max\". Did you mean ttl-max?"
    ),
    (
      "[{name: a}, {name: a}]",
      "namespaces[1].name in FILE, line 1: \"a\" is already the name of namespaces[0]."
        + " Expected each namespace once."
    ),
    (
      "[{name: a, ttl-max: 0ms}]",
      "namespaces[0].ttl-max in FILE, line 1: \"0ms\" is too small. Expected \(durations)."
    ),
    (
      "[{name: a, default-ttl: never}]",
      "namespaces[0].default-ttl in FILE, line 1: \"never\" is not a duration."
        + " Expected \(durations), or none."
    ),
    (
      "[{name: a, value-max: }]",
      "namespaces[0].value-max in FILE, line 1: found nothing. Expected a size from 1 to"
        + " 1GiB, in bytes or with KiB, MiB, GiB or TiB, such as 3MiB."
    ),
    (
      "[{name: a, value-max: 3145729}]",
      "namespaces[0].value-max in FILE, line 1: 3145729 is above the node's value-max (3MiB by"
        + " default). Lower it, or raise the node's."
    ),
    (
      "[{name: a, ttl-max: 3651d}]",
      "namespaces[0].ttl-max in FILE, line 1: 3651d is above the node's ttl-max (3650d by"
        + " default). Lower it, or raise the node's."
    ),
    (
      "[{name: a, ttl-max: 1h, default-ttl: 3600001ms}]",
      "namespaces[0].default-ttl in FILE, line 1: 3600001ms is above the namespace's ttl-max"
        + " (1h). Lower it, or raise ttl-max."
    ),
    (
      "[{name: a, rate-limit: fast}]",
      "namespaces[0].rate-limit in FILE, line 1: \"fast\" is not a whole number."
        + " Expected a whole number from 0 to 1000000000."
    ),
    (
      "[{name: a, name: b}]", "FILE, line 1: \"name\" is given more than once."
    ),
  ])
  func `a wrong namespace is refused by its index, key and line`(
    list: String, message: String
  ) throws {
    #expect(try problems(yaml: "namespaces: \(list)\n") == [message])
  }

  @Test func `values at the node's limits are taken`() throws {
    let configuration = try load(
      yaml: "namespaces: [{name: a, value-max: 3MiB, ttl-max: 3650d, default-ttl: 3650d}]")
    #expect(configuration.namespaces[1].valueMaxBytes == 3 << 20)
  }

  @Test func `a name of 128 bytes is taken and one of 129 refused`() throws {
    let longest = String(repeating: "n", count: NodeLimits.namespaceNameMaxBytes)
    #expect(try load(yaml: "namespaces: [{name: \(longest)}]").namespaces[1].name == longest)
    let shown = String(repeating: "n", count: 80)
    #expect(
      try problems(yaml: "namespaces: [{name: \(longest)n}]") == [
        "namespaces[0].name in FILE, line 1: \"\(shown)...\" is too long. Expected \(Self.names)"
      ])
  }

  @Test func `1023 namespaces beside the default one are taken and 1024 refused`() throws {
    let items = (0..<1_023).map { "  - name: n\($0)\n" }.joined()
    #expect(try load(yaml: "namespaces:\n\(items)").namespaces.count == NodeLimits.namespacesMax)
    #expect(
      try problems(yaml: "namespaces:\n\(items)  - name: x\n") == [
        "FILE, line 1: namespaces has 1024 items. Expected at most 1023."
      ])
  }
}
