import Synchronization
import Testing

@testable import Etcd

@Suite struct WatchMailboxTests {
  @Test func `what is delivered is read in order, and then the end`() async {
    let mailbox = WatchMailbox(bytesMax: 10_000)
    #expect(mailbox.deliver(.of(1)))
    #expect(mailbox.deliver(.of(2)))
    mailbox.finish(.failure(.compacted(at: 9)))
    // Too late.
    #expect(mailbox.deliver(.of(3)))
    mailbox.finish(.success(nil))
    #expect(await mailbox.next {} == .success(.of(1)))
    #expect(await mailbox.next {} == .success(.of(2)))
    #expect(await mailbox.next {} == .failure(.compacted(at: 9)))
    #expect(await mailbox.next {} == .failure(.compacted(at: 9)))
  }

  @Test func `one that is full says so, and says when it is empty again`() async {
    let drained = Mutex(0)
    let mailbox = WatchMailbox(bytesMax: 2 * WatchBatch.of(1).bytes)
    #expect(mailbox.deliver(.of(1)))
    #expect(!mailbox.deliver(.of(2)))
    // It is behind until it is empty, not until there is room.
    _ = await mailbox.next { drained.withLock { $0 += 1 } }
    #expect(drained.withLock { $0 } == 0)
    #expect(!mailbox.deliver(.of(3)))
    _ = await mailbox.next { drained.withLock { $0 += 1 } }
    _ = await mailbox.next { drained.withLock { $0 += 1 } }
    #expect(drained.withLock { $0 } == 1)
    #expect(mailbox.deliver(.of(4)))
  }

  @Test func `a reader that waits is told at once`() async {
    let mailbox = WatchMailbox(bytesMax: 1)
    async let first = mailbox.next {}
    await Task.yield()
    // Whether it waits already or not: a batch that a reader takes does not fill the mailbox.
    _ = mailbox.deliver(.of(1))
    #expect(await first == .success(.of(1)))
    async let end = mailbox.next {}
    mailbox.finish(.success(nil))
    #expect(await end == .success(nil))
  }

  /// Neither waits for the other for ever.
  @Test func `readers are cancelled while batches are delivered to them`() async {
    for _ in 0..<5_000 {
      let mailbox = WatchMailbox(bytesMax: 1_000)
      let reader = Task { await mailbox.next {} }
      await Task.yield()
      let canceller = Task { reader.cancel() }
      _ = mailbox.deliver(.of(1))
      await canceller.value
      let read = await reader.value
      #expect(read == .success(.of(1)) || read == .success(nil))
    }
  }

  @Test func `a reader that is cancelled reads the end`() async {
    let mailbox = WatchMailbox(bytesMax: 1)
    let task = Task { await mailbox.next {} }
    task.cancel()
    #expect(await task.value == .success(nil))
  }
}
