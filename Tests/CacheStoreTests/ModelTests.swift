import Foundation
import Testing

@testable import CacheStore

/// Random operations against a dictionary that does the same in the plainest way.
struct ModelTests {
  struct Modeled {
    var value: [UInt8]
    var flags: UInt32
    var version: Version
    var deadline: UInt64
  }

  /// What CI has time for in a debug build; `make model` runs millions.
  private static let operations =
    ProcessInfo.processInfo.environment["LARDER_MODEL_OPERATIONS"].flatMap { Int($0) } ?? 100_000

  /// One run; without room for everything, a miss is allowed where the model has an entry.
  private func run(seed: UInt64, operations: Int, configuration: StoreConfiguration) throws {
    let mayEvict = configuration.memoryBytes < 32 << 20
    let store = try Store(configuration)
    var random = SplitMix64(state: seed)
    var model: [String: Modeled] = [:]
    var clock: UInt64 = 1000
    var newest = Version.none

    for step in 0..<operations {
      clock += UInt64.random(in: 0...3, using: &random)
      let now = at(clock)
      let name = "key\(Int.random(in: 0..<3000, using: &random))"
      if let entry = model[name], entry.deadline <= clock { model[name] = nil }
      // Evictions are the store's to choose: the model learns of them by looking.
      if mayEvict, model[name] != nil, store.get(name, now: now) == nil { model[name] = nil }
      let present = model[name]
      let ttl = UInt64.random(in: 1...5000, using: &random)
      let expiry: Expiry = Bool.random(using: &random) ? .never : .after(milliseconds: ttl)
      let deadline = expiry == .never ? UInt64.max : clock + ttl

      switch Int.random(in: 0..<100, using: &random) {
      case 0..<40:
        let found = store.get(name, now: now)
        guard let present else {
          try #require(found == nil, "step \(step): \(name) is not there")
          break
        }
        let left: Expiry =
          present.deadline == .max ? .never : .after(milliseconds: present.deadline - clock)
        let expected = Found(
          value: present.value, version: present.version, expiry: left, flags: present.flags)
        try #require(found == expected, "step \(step): read \(name)")
      case 40..<75:
        let size = [0, 1, 8, 100, 300, 3000, 20_000].randomElement(using: &random) ?? 0
        let value = [UInt8](
          repeating: UInt8.random(in: 0...255, using: &random), count: size)
        let flags = UInt32.random(in: 0...UInt32.max, using: &random)
        let condition: WriteCondition =
          switch Int.random(in: 0..<6, using: &random) {
          case 0: .ifAbsent
          case 1: .ifPresent
          case 2: .ifVersion(present?.version ?? newest)
          case 3: .ifVersion(newest)
          default: .none
          }
        let holds =
          switch condition {
          case .none: true
          case .ifAbsent: present == nil
          case .ifPresent: present != nil
          case .ifVersion(let version): present?.version == version
          }
        let outcome = store.set(
          name, value, flags: flags, condition: condition, expiry: expiry, now: now)
        guard holds else {
          let current = present?.version ?? .none
          try #require(outcome == .conditionFailed(current: current), "step \(step)")
          break
        }
        guard case .stored(let version) = outcome else {
          Issue.record("step \(step): \(outcome)")
          return
        }
        try #require(version > newest, "step \(step): versions grow")
        newest = version
        model[name] = Modeled(value: value, flags: flags, version: version, deadline: deadline)
      case 75..<85:
        switch store.remove(name, now: now) {
        case .deleted(let version):
          try #require(present != nil && version > newest, "step \(step): delete \(name)")
          newest = version
          model[name] = nil
        case let outcome:
          try #require(outcome == .absent && present == nil, "step \(step): delete \(name)")
        }
      case 85..<92:
        let counter = "counter\(Int.random(in: 0..<50, using: &random))"
        if let entry = model[counter], entry.deadline <= clock { model[counter] = nil }
        if mayEvict, model[counter] != nil, store.get(counter, now: now) == nil {
          model[counter] = nil
        }
        let delta = Int64.random(in: -1000...1000, using: &random)
        let base = model[counter].map { Int64(String(decoding: $0.value, as: UTF8.self)) ?? 0 }
        let sum = (base ?? 7) + delta
        let result = try store.add(counter, delta, initial: 7, expiry: expiry, now: now)
        try #require(result.value == sum && result.version > newest, "step \(step): \(counter)")
        newest = result.version
        model[counter] = Modeled(
          value: Array(String(sum).utf8), flags: 0, version: result.version,
          deadline: model[counter]?.deadline ?? deadline)
      case 92..<97:
        let version = store.retime(name, expiry, now: now)
        try #require(version == present?.version, "step \(step): touch \(name)")
        model[name]?.deadline = deadline
      case 97..<99:
        store.expire(now: now)
      default:
        switch Int.random(in: 0..<100, using: &random) {
        case 0:
          let version = store.flush(.default, now: now)
          try #require(version > newest, "step \(step): a flush")
          newest = version
          model = [:]
        case 1:
          let policy = EvictionPolicy.allCases.randomElement(using: &random)
          try #require(
            try store.alterNamespace(NamespaceConfiguration(name: "", policy: policy)))
        case 2..<20: _ = store.reclaimFlushed(now: now)
        default: _ = store.sweep(bucketsMax: 100, now: now)
        }
      }
      if step % 10_000 == 0 { try #require(store.faults() == [], "step \(step)") }
    }
    try #require(store.faults() == [])
  }

  @Test("random operations agree with a dictionary", arguments: [1, 2] as [UInt64])
  func unbounded(seed: UInt64) throws {
    try self.run(
      seed: seed, operations: Self.operations,
      configuration: StoreConfiguration(memoryBytes: 256 << 20, cores: 2))
  }

  @Test(
    "random operations under constant eviction return the newest value or a miss",
    arguments: EvictionPolicy.allCases)
  func evicting(policy: EvictionPolicy) throws {
    try self.run(
      seed: 3, operations: Self.operations,
      configuration: StoreConfiguration(
        memoryBytes: 1 << 20, valueMaxBytes: 32 << 10, policy: policy, cores: 1))
  }
}
