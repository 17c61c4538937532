import CacheStore
import Testing

@testable import Node

/// What a namespace may have of the store for itself.
@Suite struct NamespaceStorageTests {
  @Test func `a namespace may have a policy, memory and jitter of its own`() throws {
    let namespaces = try load(
      yaml: """
        namespaces:
          - {name: a, policy: lru, memory-share: 20%, ttl-jitter: 5%}
          - {name: b, memory-share: 60%}
        """
    ).namespaces
    #expect(namespaces.map(\.policy) == [nil, .lru, nil])
    #expect(namespaces.map(\.memorySharePercent) == [0, 20, 60])
    #expect(namespaces.map(\.ttlJitterPercent) == [0, 5, 0])
  }

  @Test func `an unknown policy and shares that are none, or too much together, are refused`() {
    #expect(throws: ConfigurationError.self) {
      try load(yaml: "namespaces: [{name: a, policy: random}]")
    }
    for share in ["20", "-1%", "81%", "x%", "1.5%", "%"] {
      #expect(throws: ConfigurationError.self, "\(share)") {
        try load(yaml: "namespaces: [{name: a, memory-share: '\(share)'}]")
      }
    }
    #expect(throws: ConfigurationError.self) {
      try load(yaml: "namespaces: [{name: a, ttl-jitter: 51%}]")
    }
    #expect(throws: ConfigurationError.self) {
      try load(yaml: "namespaces: [{name: a, memory-share: 50%}, {name: b, memory-share: 31%}]")
    }
  }
}
