import CacheStore
import GRPC
import LarderAPI
import NIOCore
import Testing

@testable import Node

@Suite struct NamespaceRegistryTests {
  private func make() throws -> (registry: NamespaceRegistry, store: Store) {
    var configuration = NodeConfiguration(coreCount: 1)
    configuration.memoryBytes = 16 << 20
    configuration.namespaces.append(.init(name: "configured", limits: configuration.limits))
    let store = try Store(StoreConfiguration(configuration))
    return (NamespaceRegistry(configuration, store: store), store)
  }

  @Test func `what is made has what was said, and the node's for the rest`() throws {
    let (registry, store) = try self.make()
    var settings = NamespaceSettings()
    settings.defaultExpiry = .after(milliseconds: 60_000)
    settings.policy = "lru"
    settings.memorySharePercent = 20
    let made = try registry.create("made", settings)
    #expect(made.isMadeAtRunTime && made.name == "made")
    settings.ttlMaxMilliseconds = 315_360_000_000
    settings.valueMaxBytes = 3 << 20
    settings.ttlJitterPercent = 0
    settings.rateLimitPerSecond = 0
    settings.rateLimitBurst = 0
    #expect(made.settings == settings)
    let stored = store.namespaces[NamespaceID(rawValue: 2)]
    #expect(stored.name == "made" && stored.policy == .lru && stored.guaranteedPercent == 20)
    #expect(stored.defaultExpiry == .after(milliseconds: 60_000))
    #expect(registry.madeAtRunTime.map(\.name) == ["made"])
    #expect(try registry.describe([]).map(\.name) == ["", "configured", "made"])
    #expect(try registry.describe(["configured"]).first?.isMadeAtRunTime == false)
  }

  @Test func `a change says what it changes, and the rest stays`() throws {
    let (registry, _) = try self.make()
    var first = NamespaceSettings()
    first.valueMaxBytes = 1_000
    first.rateLimitPerSecond = 7
    _ = try registry.alter("configured", first)
    var second = NamespaceSettings()
    second.ttlJitterPercent = 5
    let altered = try registry.alter("configured", second)
    #expect(altered.settings.valueMaxBytes == 1_000)
    #expect(altered.settings.rateLimitPerSecond == 7)
    #expect(altered.settings.ttlJitterPercent == 5)
  }

  @Test func `a rate counts from the call on, and can be taken back`() throws {
    let (registry, _) = try self.make()
    #expect(!registry.isRateLimited)
    var settings = NamespaceSettings()
    settings.rateLimitPerSecond = 1
    _ = try registry.alter("configured", settings)
    #expect(registry.isRateLimited)
    let limit = registry.rateLimit(of: NamespaceID(rawValue: 1))
    let now = NIODeadline.now()
    #expect(limit.take(now: now) == nil)
    #expect(limit.take(now: now)?.perSecond == 1)
    // What changes something else does not fill the bucket.
    var jitter = NamespaceSettings()
    jitter.ttlJitterPercent = 5
    _ = try registry.alter("configured", jitter)
    #expect(limit.take(now: now) != nil)
    settings.rateLimitPerSecond = 0
    _ = try registry.alter("configured", settings)
    for _ in 0..<100 { #expect(limit.take(now: now) == nil) }
  }

  private static func settings(
    _ change: (inout NamespaceSettings) -> Void
  ) -> NamespaceSettings {
    var settings = NamespaceSettings()
    change(&settings)
    return settings
  }

  @Test(arguments: [
    (Self.settings { $0.ttlMaxMilliseconds = 0 }, "ttl_max_ms is 0"),
    (Self.settings { $0.ttlMaxMilliseconds = .max }, "ttl_max_ms is 18446744073709551615"),
    (Self.settings { $0.defaultExpiry = .after(milliseconds: 0) }, "default_ttl_ms is 0"),
    (
      Self.settings {
        $0.defaultExpiry = .after(milliseconds: 9)
        $0.ttlMaxMilliseconds = 8
      }, "default_ttl_ms is 9: at most ttl_max_ms, which is 8"
    ),
    (Self.settings { $0.valueMaxBytes = 0 }, "value_max_bytes is 0"),
    (Self.settings { $0.valueMaxBytes = 1 << 40 }, "value_max_bytes is 1099511627776"),
    (Self.settings { $0.policy = "fifo" }, "policy is \"fifo\""),
    (Self.settings { $0.memorySharePercent = 81 }, "memory_share_percent is 81"),
    (Self.settings { $0.ttlJitterPercent = 51 }, "ttl_jitter_percent is 51"),
    (Self.settings { $0.rateLimitPerSecond = 1_000_000_001 }, "rate_limit is 1000000001"),
    (Self.settings { $0.rateLimitBurst = 1_000_000_001 }, "rate_limit_burst is 1000000001"),
  ])
  func `what cannot be is refused by name, and nothing changes`(
    settings: NamespaceSettings, problem: String
  ) throws {
    let (registry, store) = try self.make()
    let before = try registry.describe([])
    func isNamed(_ error: any Error) -> Bool {
      (error as? NamespaceError)?.status.message.hasPrefix(problem) == true
    }
    #expect {
      _ = try registry.create("made", settings)
    } throws: {
      isNamed($0)
    }
    #expect {
      _ = try registry.alter("configured", settings)
    } throws: {
      isNamed($0)
    }
    #expect(try registry.describe([]) == before)
    #expect(store.namespaces.count == 2)
  }

  @Test func `shares together are bounded`() throws {
    let (registry, _) = try self.make()
    _ = try registry.create("a", Self.settings { $0.memorySharePercent = 80 })
    #expect(throws: NamespaceError.self) {
      try registry.create("b", Self.settings { $0.memorySharePercent = 1 })
    }
    _ = try registry.alter("a", Self.settings { $0.memorySharePercent = 79 })
    _ = try registry.create("b", Self.settings { $0.memorySharePercent = 1 })
  }

  @Test(arguments: ["", "configured", "a b", "ä", String(repeating: "n", count: 129)])
  func `names that are taken or none are refused`(name: String) throws {
    let (registry, _) = try self.make()
    #expect(throws: NamespaceError.self) { try registry.create(name, NamespaceSettings()) }
  }

  @Test func `there are as many as there may be, and no more`() throws {
    let (registry, store) = try self.make()
    for number in 2..<NodeLimits.namespacesMax {
      _ = try registry.create("n\(number)", NamespaceSettings())
    }
    #expect(throws: NamespaceError.tooMany) { try registry.create("more", NamespaceSettings()) }
    #expect(store.namespaces.count == NodeLimits.namespacesMax)
  }
}
