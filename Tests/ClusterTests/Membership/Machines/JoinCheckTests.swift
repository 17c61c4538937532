import Testing

@testable import Cluster

@Suite struct JoinCheckTests {
  private let check = JoinCheck(
    member: Member(id: "me", host: "127.0.0.1", port: 7600, incarnation: 7))
  private let me = AddressAnswer.node(id: "me", incarnation: 7)
  private let peer = AddressAnswer.node(id: "b", incarnation: 3)
  private let refusal = AddressAnswer.refused("UNAUTHENTICATED: no token")

  private func fault(_ own: AddressAnswer, _ others: AddressAnswer...) -> JoinCheck.Fault? {
    self.check.fault(own: own, others: others.map { ("b:7600", $0) })
  }

  @Test func `a node whose address leads to itself can join, alone or with others`() {
    #expect(self.fault(self.me) == nil)
    #expect(self.fault(self.me, self.peer) == nil)
  }

  @Test func `an address that leads nowhere, or to another, keeps a node out`() {
    let address = "127.0.0.1:7600"
    #expect(self.fault(.nobody("why"), self.peer) == .nobodyAnswers(at: address, why: "why"))
    #expect(self.fault(self.peer, self.peer) == .otherNode(at: address, id: "b"))
    #expect(self.fault(.other("etcd"), self.peer) == .otherServer(at: address, answer: "etcd"))
  }

  @Test func `another process that takes itself for this node is another`() {
    let other = JoinCheck.Fault.otherNode(at: "127.0.0.1:7600", id: "me")
    #expect(self.fault(.node(id: "me", incarnation: 8)) == other)
    // Of a version that does not tell its processes apart.
    #expect(self.fault(.node(id: "me", incarnation: 0)) == other)
  }

  @Test func `a node that all who answer refuse stays out`() {
    let refused = JoinCheck.Fault.refused(by: "b:7600", answer: "UNAUTHENTICATED: no token")
    #expect(self.fault(self.me, self.refusal) == refused)
    #expect(self.fault(self.me, .nobody("gone"), self.refusal, .other("starts")) == refused)
    #expect(self.fault(self.refusal, self.refusal) == refused)
  }

  @Test func `one that takes the credentials is enough`() {
    #expect(self.fault(self.me, self.refusal, self.peer) == nil)
    #expect(self.fault(self.refusal, self.peer) == nil)
  }

  @Test func `those that do not answer have no say`() {
    #expect(self.fault(self.me, .nobody("gone"), .other("starts")) == nil)
  }

  @Test func `a node that does not take its own credentials, with nobody to ask, stays out`() {
    #expect(
      self.fault(self.refusal, .nobody("gone"))
        == .refused(by: "127.0.0.1:7600", answer: "UNAUTHENTICATED: no token"))
  }

  @Test func `an id is taken where another may live under it`() {
    #expect(self.check.isTaken(by: .node(id: "me", incarnation: 6)))
    #expect(self.check.isTaken(by: .node(id: "me", incarnation: 0)))
    #expect(self.check.isTaken(by: self.refusal) && self.check.isTaken(by: .other("starts")))
    // By another name of its own address.
    #expect(!self.check.isTaken(by: self.me))
    #expect(!self.check.isTaken(by: self.peer), "which has got the address since")
    #expect(!self.check.isTaken(by: .nobody("gone")))
  }

  @Test func `each fault names what it is about, and the remedy`() {
    let address = "127.0.0.1:7600"
    let faults: [JoinCheck.Fault] = [
      .nobodyAnswers(at: address, why: "w"), .otherNode(at: address, id: "b"),
      .otherServer(at: address, answer: "a"), .refused(by: address, answer: "r"),
    ]
    for fault in faults {
      #expect("\(fault)".contains(address))
      #expect("\(fault)".contains("--advertise") || "\(fault)".contains("--peer-token-file"))
    }
  }
}
