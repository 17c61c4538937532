import Testing

@testable import Cluster

@Suite struct SharedSettingsTests {
  private func member(
    _ id: String, lease: UInt64 = 10_000, hold: UInt64 = 30_000, value: UInt64 = 3 << 20
  ) -> Member {
    Member(
      id: id, host: "10.0.0.1", port: 7_600,
      shared: SharedSettings(
        leaseTTLMilliseconds: lease, massLossHoldMilliseconds: hold, valueMaxBytes: value))
  }

  @Test func `nodes that have all alike do not disagree`() {
    #expect(
      SharedSettings.disagreements(of: self.member("a"), with: [self.member("b")]).isEmpty)
  }

  @Test func `each setting is told by its flag, with both values and the nodes that have another`()
  {
    let others = [
      self.member("b", lease: 5_000), self.member("c", hold: 1_500),
      self.member("d", lease: 5_000, value: 1_024),
    ]
    let found = SharedSettings.disagreements(of: self.member("a"), with: others)
    #expect(found.map(\.name) == ["lease-ttl", "mass-loss-hold", "value-max"])
    #expect(found.map(\.nodes) == [["b", "d"], ["c"], ["d"]])
    let texts = found.map(\.description)
    #expect(texts[0].hasPrefix("lease-ttl is 10s here, and 5s at b, d: while etcd is away, "))
    #expect(texts[1].hasPrefix("mass-loss-hold is 30s here, and 1500ms at c: "))
    #expect(texts[2].hasPrefix("value-max is 3145728 bytes here, and 1024 bytes at d: "))
    #expect(texts[0].hasSuffix("the same --lease-ttl, and start those anew that have another"))
  }

  @Test func `others that disagree in two ways are told apart`() {
    let others = [self.member("b", lease: 5_000), self.member("c", lease: 20_000)]
    let found = SharedSettings.disagreements(of: self.member("a"), with: others)
    #expect(found.map(\.theirs) == ["5s", "20s"] && found.map(\.nodes) == [["b"], ["c"]])
  }

  @Test func `a node of a version that does not say, and the node itself, disagree with nobody`() {
    let own = self.member("a")
    let silent = Member(id: "b", host: "10.0.0.2", port: 7_600)
    let former = self.member("a", lease: 5_000)
    #expect(SharedSettings.disagreements(of: own, with: [silent, former]).isEmpty)
    #expect(SharedSettings.disagreements(of: silent, with: [own]).isEmpty)
  }
}
