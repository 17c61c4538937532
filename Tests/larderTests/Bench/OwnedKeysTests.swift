import HashRing
import LarderAPI
import Testing

@testable import larder

@Suite struct OwnedKeysTests {
  private func plan(_ change: (inout BenchPlan) -> Void = { _ in }) -> BenchPlan {
    var plan = BenchPlan(mix: .standard)
    plan.keys = 200
    plan.owner = "b"
    change(&plan)
    return plan
  }

  private func status(_ ids: [String]) -> GetStatusResponse {
    var status = GetStatusResponse()
    status.nodeID = "a"
    guard !ids.isEmpty else { return status }
    var cluster = ClusterStatus()
    cluster.members = ids.map { id in
      var member = MemberStatus()
      member.id = id
      member.points = UInt32(RingNode.pointsPerWeight)
      return member
    }
    status.cluster = cluster
    return status
  }

  @Test(arguments: ["", "n"]) func `all keys are the owner's, and none is twice`(
    _ namespace: String
  ) throws {
    let plan = self.plan { $0.namespace = namespace }
    let numbers = try OwnedKeys.find(plan, "b", self.status(["a", "b", "c"]))
    #expect(Set(numbers).count == 200)
    var text = KeyText(size: plan.keySizeBytes)
    for number in numbers {
      text.set(number)
      let answer = try RingAnswer(
        key: String(decoding: text.bytes, as: UTF8.self), namespace: namespace,
        cluster: try #require(self.status(["a", "b", "c"]).cluster))
      #expect(answer.owner.id == "b")
    }
  }

  @Test func `a node that is no member, or has too few keys, is refused`() {
    #expect(throws: CommandFailure.self) {
      try OwnedKeys.find(self.plan(), "d", self.status(["a", "b"]))
    }
    #expect(throws: CommandFailure.self) {
      try OwnedKeys.find(self.plan(), "b", self.status([]))
    }
    #expect(throws: CommandFailure.self) {
      let short = self.plan { $0.keySizeBytes = 3 }
      return try OwnedKeys.find(short, "b", self.status(["a", "b", "c"]))
    }
  }

  @Test func `counters have keys of their own, and too many keys are not looked for`() {
    #expect(self.plan().problem == nil)
    #expect(self.plan { $0.keys = OwnedKeys.keysMax + 1 }.problem?.contains("--owner") == true)
    let counting = self.plan {
      $0.mix = CallMix.standard
      do { $0.mix = try CallMix(parsing: "incr=1") } catch { Issue.record(error) }
    }
    #expect(counting.problem?.contains("incr") == true)
  }
}
