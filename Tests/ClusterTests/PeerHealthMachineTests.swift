import NIOCore
import Testing

@testable import Cluster

@Suite struct PeerHealthMachineTests {
  private func at(_ milliseconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
  }

  private var machine: PeerHealthMachine { PeerHealthMachine(suspectAfter: .seconds(1)) }

  @Test func `a call that waited long for a peer that said nothing has it suspected`() {
    var machine = self.machine
    #expect(machine.unanswered(sentAt: self.at(0), heardAt: self.at(-5), self.at(999)) == nil)
    let silence = machine.unanswered(sentAt: self.at(0), heardAt: self.at(-5), self.at(1_000))
    #expect(silence == .seconds(1))
  }

  @Test func `calls of short deadlines have it suspected together`() {
    var machine = self.machine
    for start in [0, 200, 400, 600] as [Int64] {
      let silence = machine.unanswered(
        sentAt: self.at(start), heardAt: self.at(-5), self.at(start + 100))
      #expect(silence == nil)
    }
    let silence = machine.unanswered(
      sentAt: self.at(950), heardAt: self.at(-5), self.at(1_050))
    #expect(silence == .milliseconds(1_050))
  }

  @Test func `a peer that answers others is slow, and not suspected`() {
    var machine = self.machine
    #expect(machine.unanswered(sentAt: self.at(0), heardAt: self.at(10), self.at(9_000)) == nil)
    // What was unanswered before it last spoke does not count.
    #expect(machine.unanswered(sentAt: self.at(100), heardAt: self.at(0), self.at(200)) == nil)
    #expect(
      machine.unanswered(sentAt: self.at(5_000), heardAt: self.at(4_000), self.at(5_100)) == nil)
    #expect(
      machine.unanswered(sentAt: self.at(5_500), heardAt: self.at(4_000), self.at(6_000))
        == .seconds(1))
  }

  @Test func `what was heard since makes an end of it`() {
    var machine = self.machine
    #expect(machine.unanswered(sentAt: self.at(0), heardAt: self.at(-5), self.at(500)) == nil)
    machine.heard()
    #expect(machine.unanswered(sentAt: self.at(600), heardAt: self.at(-5), self.at(1_100)) == nil)
  }

  @Test func `three refusals within 100 ms are a death, and each that follows`() {
    var machine = self.machine
    #expect(machine.refused(self.at(0)) == .again(at: self.at(30)))
    #expect(machine.refused(self.at(30)) == .again(at: self.at(60)))
    #expect(machine.refused(self.at(100)) == .dead)
    #expect(machine.refused(self.at(120)) == .dead)
  }

  @Test func `refusals that are further apart, or not in a row, are none`() {
    var machine = self.machine
    #expect(machine.refused(self.at(0)) == .again(at: self.at(30)))
    #expect(machine.refused(self.at(60)) == .again(at: self.at(90)))
    #expect(machine.refused(self.at(101)) == .again(at: self.at(131)))
    machine.failed()
    #expect(machine.refused(self.at(110)) == .again(at: self.at(140)))
    #expect(machine.refused(self.at(120)) == .again(at: self.at(150)))
    // It was tried often enough: from now on the backoff says when.
    #expect(machine.refused(self.at(900)) == .none)
    machine.heard()
    #expect(machine.refused(self.at(1_000)) == .again(at: self.at(1_030)))
  }
}
