import NIOCore
import Testing

@testable import Cluster

@Suite struct ForwardDeadlineTests {
  private static let now = NIODeadline.uptimeNanoseconds(1_000_000_000)

  private func deadline(client: TimeAmount?) -> (left: TimeAmount, isClients: Bool) {
    let deadline = ForwardDeadline(
      now: Self.now, client: client.map { Self.now + $0 }, timeout: .seconds(10),
      margin: .milliseconds(5))
    return (deadline.time - Self.now, deadline.isClients)
  }

  @Test func `a client without a deadline waits as long as forwards may take`() {
    #expect(self.deadline(client: nil) == (.seconds(10), false))
  }

  @Test func `a client with a longer deadline waits no longer`() {
    #expect(self.deadline(client: .seconds(60)) == (.seconds(10), false))
  }

  @Test func `a forward ends a margin before its client's deadline`() {
    #expect(self.deadline(client: .seconds(1)) == (.milliseconds(995), true))
  }

  @Test func `the margin is a tenth of what is left at most`() {
    #expect(self.deadline(client: .milliseconds(10)) == (.milliseconds(9), true))
    #expect(self.deadline(client: .nanoseconds(0)) == (.nanoseconds(0), true))
  }

  @Test func `a deadline that has passed gives no time at all`() {
    #expect(self.deadline(client: .milliseconds(-3)).left <= .nanoseconds(0))
  }
}
