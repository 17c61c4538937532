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
    for round in 0..<300 {
      let mailboxes = (0..<100).map { _ in WatchMailbox(bytesMax: 1_000) }
      let readers = Task {
        await withTaskGroup(of: Void.self) { group in
          for mailbox in mailboxes { group.addTask { _ = await mailbox.next {} } }
        }
      }
      for _ in 0..<(10 + round % 10) { await Task.yield() }
      let canceller = Task { readers.cancel() }
      // They meet, whichever way the readers are cancelled.
      let order = round % 2 == 0 ? mailboxes : mailboxes.reversed()
      for mailbox in order { _ = mailbox.deliver(.of(1)) }
      await canceller.value
      await readers.value
    }
  }

  @Test func `a reader that is cancelled reads the end`() async {
    let mailbox = WatchMailbox(bytesMax: 1)
    let task = Task { await mailbox.next {} }
    task.cancel()
    #expect(await task.value == .success(nil))
  }
}
