import Etcd
import EtcdTestSupport
import Testing

/// Against a real etcd.
@Suite struct WatchTests {
  @Test func `changes after a list are shown from the list on, deletions by their key`()
    async throws
  {
    try await withSharedEtcd { etcd, prefix in
      try await etcd.put(prefix + "old", "0")
      let listing = try await etcd.list(prefix: prefix)
      // Before the watch is there: it must not be missed.
      try await etcd.put(prefix + "a", "1")
      let watch = etcd.watch(prefix: prefix, fromRevision: listing.revision.next)
      try await etcd.put(prefix + "b", "2")
      try await etcd.put(String(prefix.dropLast()) + "beside", "3")
      try await etcd.delete(.key(prefix + "a"))
      let events = try await watch.first(3)
      #expect(events.map(\.text) == ["a=1", "b=2", "a-"])
      #expect(events.last?.keyValue.value == [])
    }
  }

  @Test func `several watches share a stream, and each shows its own`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let start = try await etcd.list(prefix: prefix).revision.next
      let watches = (0..<10).map { etcd.watch(prefix: prefix + "\($0)/", fromRevision: start) }
      for index in 0..<10 { try await etcd.put(prefix + "\(index)/k", "\(index)") }
      for (index, watch) in watches.enumerated() {
        let events = try await watch.first(1)
        #expect(events.map(\.text) == ["k=\(index)"])
      }
    }
  }

  @Test func `the key as it was before comes along where it is wanted`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let start = try await etcd.put(prefix + "k", "1").header.revision.next
      try await etcd.put(prefix + "k", "2")
      try await etcd.delete(.key(prefix + "k"))
      let watch = etcd.watch(prefix: prefix, fromRevision: start, wantsPrevious: true)
      let events = try await watch.first(2)
      #expect(events.map { $0.previous?.value } == [Array("1".utf8), Array("2".utf8)])
      let plain = try await etcd.watch(prefix: prefix, fromRevision: start).first(2)
      #expect(plain.map(\.previous) == [nil, nil])
    }
  }

  @Test func `all changes of a transaction are one batch`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let start = try await etcd.put(prefix + "k", "1").header.revision.next
      let operations = (0..<50).map {
        RequestOperation.put(
          PutRequest(Array("\(prefix)\($0)".utf8), [UInt8](repeating: 1, count: 10_000)))
      }
      _ = try await etcd.transact(Transaction(then: operations))
      for try await batch in etcd.watch(prefix: prefix, fromRevision: start) {
        #expect(batch.events.count == 50)
        break
      }
    }
  }

  @Test func `what takes several messages is put together again`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let start = try await etcd.put(prefix + "k", "1").header.revision.next
      let value = [UInt8](repeating: 1, count: 1_000_000)
      for index in 0..<6 {
        try await etcd.put(PutRequest(Array("\(prefix)\(index)".utf8), value))
      }
      // All of it at once, and with what was before: more than etcd sends in one message.
      let watch = etcd.watch(prefix: prefix, fromRevision: start, wantsPrevious: true)
      let events = try await watch.first(6)
      #expect(events.map { $0.keyValue.value.count } == Array(repeating: 1_000_000, count: 6))
      #expect(Set(events.map(\.keyValue.key)).count == 6)
    }
  }

  @Test func `a reader that is slower than its buffer misses nothing`() async throws {
    try await withSharedEtcd {
      $0.watchBufferMaxBytes = 1_000
    } _: { etcd, prefix in
      let start = try await etcd.put(prefix + "k", "1").header.revision.next
      let watch = etcd.watch(prefix: prefix, fromRevision: start)
      let quick = etcd.watch(prefix: prefix, fromRevision: start)
      for index in 0..<60 { try await etcd.put(prefix + "\(index)", "\(index)") }
      // The other is not held up.
      let both = [try await quick.first(60), try await watch.first(60)]
      for events in both {
        #expect(events.map(\.keyValue.value) == (0..<60).map { Array("\($0)".utf8) })
      }
    }
  }

  @Test func `a watch ends with its task, and the client goes on`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let task = Task {
        for try await _ in etcd.watch(prefix: prefix) {}
        return true
      }
      task.cancel()
      let isOver = try await task.value
      #expect(isOver)
      let start = try await etcd.put(prefix + "k", "1").header.revision
      let events = try await etcd.watch(prefix: prefix, fromRevision: start).first(1)
      #expect(events.map(\.text) == ["k=1"])
    }
  }

  @Test func `one watch more than the client may have is told so`() async throws {
    try await withSharedEtcd {
      $0.watchesMax = 2
    } _: { etcd, prefix in
      let open = (0..<2).map { _ in etcd.watch(prefix: prefix) }
      let end = await #expect(throws: WatchEnd.self) {
        for try await _ in etcd.watch(prefix: prefix) {}
      }
      #expect(end == .cancelled(reason: "2 watches are open (watchesMax)"))
      _ = open
    }
  }

  // MARK: - Of an etcd that comes and goes

  @Test func `a compaction that overtakes a watch ends it, and says from where`() async throws {
    let process = try EtcdProcess.single()
    try await process.start()
    try await withClient([process.endpoint]) { etcd in
      let start = try await etcd.put("k", "0").header.revision
      for index in 0..<5 { try await etcd.put("k", "\(index)") }
      let listing = try await etcd.list(prefix: "")
      try await etcd.compact(listing.revision)
      let end = await #expect(throws: WatchEnd.self) {
        for try await _ in etcd.watch(prefix: "", fromRevision: start) {}
      }
      #expect(end == .compacted(at: listing.revision))
      // As it must be gone about.
      let watch = etcd.watch(prefix: "", fromRevision: listing.revision.next)
      try await etcd.put("k", "after")
      let events = try await watch.first(1)
      #expect(events.map(\.text) == ["k=after"])
    }
  }

  @Test(arguments: [true, false])
  func `a watch outlives a restart of etcd and misses nothing`(isGraceful: Bool) async throws {
    let process = try EtcdProcess.single()
    try await process.start()
    try await withClient([process.endpoint]) { etcd in
      let start = try await etcd.put("k", "0").header.revision
      let seen = Collected<String>()
      let reader = Task {
        for try await batch in etcd.watch(prefix: "", fromRevision: start) {
          for event in batch.events { seen.append(event.text) }
        }
      }
      try await etcd.put("k", "1")
      try await eventually("two are seen") { seen.values.count == 2 }
      if isGraceful { try await process.stop() } else { process.kill() }
      try await process.start()
      try await eventually("etcd takes writes") {
        await failure { () async throws(EtcdError) in try await etcd.put("k", "2") } == nil
      }
      try await eventually("the write is seen") { seen.values.last == "k=2" }
      reader.cancel()
      #expect(Array(seen.values.prefix(2)) == ["k=0", "k=1"])
      #expect(Set(seen.values.dropFirst(2)) == ["k=2"])
    }
  }

  @Test func `an etcd that comes back empty has another history`() async throws {
    let process = try EtcdProcess.single()
    try await process.start()
    try await withClient([process.endpoint]) { etcd in
      for index in 0..<10 { try await etcd.put("k\(index)", "v") }
      let listing = try await etcd.list(prefix: "")
      let watch = etcd.watch(prefix: "", fromRevision: listing.revision.next)
      try await etcd.put("k", "v")
      let seen = try await watch.first(1)
      #expect(seen.count == 1)
      let again = etcd.watch(prefix: "", fromRevision: listing.revision.next)
      try await process.stop()
      try process.wipe()
      try await process.start()
      let end = await #expect(throws: WatchEnd.self) { for try await _ in again {} }
      guard case .newHistory(_, let found) = end else {
        Issue.record("it ended with \(String(describing: end))")
        return
      }
      #expect(found < listing.revision)
    }
  }
}

extension WatchSequence {
  /// The first `count` events.
  fileprivate func first(_ count: Int) async throws -> [WatchEvent] {
    var events: [WatchEvent] = []
    for try await batch in self {
      events += batch.events
      if events.count >= count { break }
    }
    return events
  }
}
