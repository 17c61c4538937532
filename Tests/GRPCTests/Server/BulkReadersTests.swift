import NIOCore
import Testing

@testable import GRPC

@Suite struct BulkReadersTests {
  private func time(_ milliseconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
  }

  @Test func `a connection that fills read after read is one`() {
    var readers = BulkReaders()
    var own: UInt64 = 0
    let counts = (0..<20).map { readers.filled(self.time($0), lastWindow: &own) }
    #expect(counts.allSatisfy { $0 == 1 })
  }

  @Test func `three that take turns are three, in the next window from the first of them on`() {
    var readers = BulkReaders()
    var own: [UInt64] = [0, 0, 0]
    var counts: [Int] = []
    for turn in 0..<6 { counts.append(readers.filled(self.time(0), lastWindow: &own[turn % 3])) }
    for turn in 0..<3 { counts.append(readers.filled(self.time(4), lastWindow: &own[turn % 3])) }
    #expect(counts == [1, 2, 3, 3, 3, 3, 3, 3, 3])
  }

  @Test func `those that have stopped are forgotten a window later`() {
    var readers = BulkReaders()
    var own: [UInt64] = [0, 0, 0]
    for index in 0..<3 { _ = readers.filled(self.time(0), lastWindow: &own[index]) }
    #expect(readers.filled(self.time(4), lastWindow: &own[0]) == 3)
    #expect(readers.filled(self.time(8), lastWindow: &own[0]) == 1)
    #expect(readers.filled(self.time(100), lastWindow: &own[0]) == 1)
  }
}
