import NIOCore
import Testing
import Wire

@testable import Cluster

@Suite struct ReadBatchTests {
  private var batch = ReadBatch()

  /// What becomes of a Get of `key` in `namespace`.
  private mutating func read(
    _ key: String, in namespace: String = "", by reader: UInt64 = 1, seconds: Int64 = 1
  ) -> ReadBatch.OnRead {
    var message = ManyReads.field(1, Array(key.utf8))
    if !namespace.isEmpty { message += ManyReads.field(2, Array(namespace.utf8)) }
    return self.read(message, by: reader, seconds: seconds)
  }

  private mutating func read(
    _ message: [UInt8], by reader: UInt64 = 1, seconds: Int64 = 1
  ) -> ReadBatch.OnRead {
    self.batch.read(
      message.span.bytes, by: reader,
      ForwardDeadline(
        now: .uptimeNanoseconds(0), client: nil, timeout: .seconds(seconds), margin: .zero))
  }

  private mutating func end() -> (message: [UInt8], readers: [UInt64]) {
    var message: [UInt8] = []
    let readers = self.batch.end { message = Array(copying: $0) }
    self.batch.recycle(readers)
    return (message, readers)
  }

  @Test mutating func `one read alone is sent as it came`() {
    #expect(self.read("k", in: "n", by: 7) == .added)
    let sent = self.end()
    #expect(sent.message == [0x0a, 1, UInt8(ascii: "k"), 0x12, 1, UInt8(ascii: "n")])
    #expect(sent.readers == [7])
    #expect(self.batch.isEmpty)
  }

  @Test mutating func `keys come one after the other, and the namespace behind them`() {
    #expect(self.read("k", in: "n", by: 7) == .added)
    #expect(self.read("l", in: "n", by: 9) == .added)
    let sent = self.end()
    #expect(
      sent.message == [
        0x0a, 1, UInt8(ascii: "k"), 0x0a, 1, UInt8(ascii: "l"), 0x12, 1, UInt8(ascii: "n"),
      ])
    #expect(sent.readers == [7, 9])
  }

  @Test mutating func `what one batch was sent is not in the next`() {
    #expect(self.read("k", in: "n", by: 7) == .added)
    _ = self.end()
    #expect(self.read("l", by: 9) == .added)
    let sent = self.end()
    #expect(sent.message == [0x0a, 1, UInt8(ascii: "l")] && sent.readers == [9])
  }

  @Test(
    arguments: [
      [],
      // The namespace before the key, a field of a later version, a length that is not there.
      [0x12, 1, 0x6e, 0x0a, 1, 0x6b],
      [0x0a, 1, 0x6b, 0x78, 1],
      [0x0a, 1, 0x6b, 0x12, 0, 0x78, 1],
      [0x0a, 9, 0x6b],
      // Two keys, of which a Get takes the last.
      [0x0a, 1, 0x6b, 0x0a, 1, 0x6c],
    ] as [[UInt8]])
  mutating func `a message that says anything else goes alone`(_ message: [UInt8]) {
    #expect(self.read(message) == .alone)
    #expect(self.batch.isEmpty)
  }

  @Test mutating func `another namespace, also none, is another batch`() {
    #expect(self.read("k", in: "n") == .added)
    #expect(self.read("k", in: "m") == .full)
    #expect(self.read("k") == .full)
    _ = self.end()
    #expect(self.read("k") == .added)
    #expect(self.read("k", in: "n") == .full)
  }

  @Test mutating func `no more keys than keysMax`() {
    for _ in 0..<ReadBatch.keysMax { #expect(self.read("k") == .added) }
    #expect(self.read("k") == .full)
    #expect(self.end().readers.count == ReadBatch.keysMax)
  }

  @Test mutating func `no more bytes than bytesMax`() {
    // A key whose length takes three bytes of varint.
    let long = [0x0a, 0x80, 0x80, 1] + [UInt8](repeating: 0x6b, count: ReadBatch.bytesMax)
    #expect(self.read(long) == .alone)
    let half = [0x0a, 0x80, 0x40] + [UInt8](repeating: 0x6b, count: 8192)
    #expect(self.read(half) == .added)
    #expect(self.read(half) == .full)
  }

  @Test mutating func `the call has the longest of its readers' deadlines`() {
    for (reader, seconds) in [(1, 2), (2, 9), (3, 4)] as [(UInt64, Int64)] {
      #expect(self.read("k", by: reader, seconds: seconds) == .added)
    }
    #expect(self.batch.deadline.time == .uptimeNanoseconds(9_000_000_000))
    _ = self.end()
    #expect(self.read("k", seconds: 3) == .added)
    #expect(self.batch.deadline.time == .uptimeNanoseconds(3_000_000_000))
  }

  @Test mutating func `large replies halve the batches, and small ones double them again`() {
    self.batch.answered(bytes: ReadBatch.replyBytesMax + 1)
    #expect(self.keysTaken() == ReadBatch.keysMax / 2)
    self.batch.answered(bytes: ReadBatch.replyBytesMax)
    #expect(self.keysTaken() == ReadBatch.keysMax)
    self.batch.answered(bytes: 1)
    #expect(self.keysTaken() == ReadBatch.keysMax)
  }

  @Test mutating func `a peer that refuses is sent no batch for pauseReads reads`() {
    self.batch.refused()
    self.batch.answered(bytes: 1)
    for _ in 1..<ReadBatch.pauseReads { #expect(self.read("k") == .alone) }
    #expect(self.keysTaken() == 2)
  }

  private mutating func keysTaken() -> Int {
    while self.read("k") == .added {}
    return self.end().readers.count
  }
}

@Suite struct ReadRepliesTests {
  private func replies(in message: [UInt8], count: Int) -> [[UInt8]?] {
    var replies = ReadReplies(message.span.bytes)
    var found: [[UInt8]?] = []
    for _ in 0..<count {
      if let reply = replies.next() {
        found.append(Array(copying: reply))
      } else {
        found.append(nil)
      }
    }
    return found
  }

  @Test func `hits and misses are replies, errors and deferred keys are not`() {
    let (hit, miss) = (ManyReads.hit("v"), ManyReads.field(2, []))
    let results = [hit, ManyReads.field(3, []), miss, ManyReads.field(4, []), [], hit]
    let message = results.flatMap { ManyReads.field(1, $0) }
    #expect(self.replies(in: message, count: 7) == [hit, nil, miss, nil, nil, hit, nil])
  }

  @Test func `fields of later versions between the results are skipped`() {
    let (miss, later) = (ManyReads.field(2, []), ManyReads.field(9, [1, 2]))
    let message = later + ManyReads.field(1, miss) + later + ManyReads.field(1, miss)
    #expect(self.replies(in: message, count: 2) == [miss, miss])
  }

  @Test func `bytes that are no message end the replies`() {
    let miss = ManyReads.field(2, [])
    let message = ManyReads.field(1, miss) + [0x0a, 9, 0] + ManyReads.field(1, miss)
    #expect(self.replies(in: message, count: 4) == [miss, nil, nil, nil])
  }
}
