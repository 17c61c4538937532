import HashRing
import LarderAPI
import Testing

@testable import larder

@Suite struct RingAnswerTests {
  private static var cluster: ClusterStatus {
    var cluster = ClusterStatus()
    cluster.epoch = "0.0"
    cluster.members = (1...3).map { number in
      var member = MemberStatus()
      member.id = "10.0.0.\(number):7600"
      member.address = member.id
      member.points = number == 3 ? 1_024 : 2_048
      member.shareMillionths = number == 3 ? 200_000 : 400_000
      member.isSelf = number == 1
      member.state = number == 1 ? "self" : number == 2 ? "ready" : "unreachable"
      member.connections = number == 2 ? 1 : 0
      member.connectFailures = number == 3 ? 12 : 0
      member.lastError = number == 3 ? "connection refused" : ""
      return member
    }
    var forwards = ForwardStatus()
    forwards.method = "Get"
    forwards.result = "ok"
    forwards.count = 1_234
    cluster.forwards = [forwards]
    return cluster
  }

  @Test func `the owner is the one that a ring of the same weights says`() throws {
    let ring = try Ring([
      try RingNode(id: "10.0.0.1:7600"), try RingNode(id: "10.0.0.2:7600"),
      try RingNode(id: "10.0.0.3:7600", weight: 0.5),
    ])
    for number in 0..<200 {
      let key = "user:\(number)"
      let answer = try RingAnswer(key: key, namespace: "", cluster: Self.cluster)
      let bytes = Array(key.utf8)
      let owner = try #require(ring.owner(of: XXH64.hash(bytes.span.bytes)))
      #expect(answer.owner.id == ring.nodes[owner].id)
      #expect(answer.text.contains("the hash of \(answer.owner.id)_\(answer.point.index)"))
    }
  }

  @Test func `a namespace is a part of what is hashed`() throws {
    let inNamespace = try RingAnswer(key: "k", namespace: "n", cluster: Self.cluster)
    #expect(
      inNamespace.hash == (try RingAnswer(key: "n/k", namespace: "", cluster: Self.cluster)).hash)
  }

  @Test func `a ring without nodes, or with one twice, is an error`() {
    #expect(throws: CommandFailure.self) {
      try RingAnswer(key: "k", namespace: "", cluster: ClusterStatus())
    }
    var twice = Self.cluster
    twice.members.append(twice.members[0])
    #expect(throws: CommandFailure.self) {
      try RingAnswer(key: "k", namespace: "", cluster: twice)
    }
  }

  @Test func `the status has a row for each node, its trouble, and what was forwarded`() {
    #expect(
      Self.cluster.text == """
        ring, epoch 0.0

        node            share  state        connections  calls  waiting  failures  suspicions
        10.0.0.1:7600  40.0 %  self
        10.0.0.2:7600  40.0 %  ready                  1      0        0         0           0
        10.0.0.3:7600  20.0 %  unreachable            0      0        0        12           0

        10.0.0.3:7600: connection refused

        forwarded  result  count
        Get        ok      1,234

        """)
  }
}
