import Etcd
import EtcdTestSupport
import Testing

/// Against a real etcd.
@Suite struct KeyValueTests {
  @Test func `what is put is got, replaced, and deleted`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let none = try await etcd.get(prefix + "a")
      #expect(none == nil)
      let first = try await etcd.put(prefix + "a", "1")
      var again = PutRequest(Array("\(prefix)a".utf8), Array("2".utf8))
      again.wantsPrevious = true
      let second = try await etcd.put(again)
      #expect(second.previous?.value == Array("1".utf8))
      #expect(second.previous?.createRevision == first.header.revision)
      let stored = try #require(try await etcd.get(prefix + "a"))
      #expect(stored.value == Array("2".utf8) && stored.version == 2)
      #expect(stored.modRevision == second.header.revision)
      let deleted = try await etcd.delete(.prefix(prefix), wantsPrevious: true)
      #expect(deleted.deleted == 1 && deleted.previous.map(\.value) == [Array("2".utf8)])
      let gone = try await etcd.get(prefix + "a")
      #expect(gone == nil)
    }
  }

  @Test func `a list is whole and of one moment, whatever fits into a page`() async throws {
    try await withSharedEtcd {
      $0.listPageKeys = 7
    } _: { etcd, prefix in
      for index in 0..<30 { try await etcd.put(prefix + "k\(100 + index)", "\(index)") }
      try await etcd.put(String(prefix.dropLast()), "not below it")
      let listing = try await etcd.list(prefix: prefix)
      #expect(listing.keyValues.map(\.value) == (0..<30).map { Array("\($0)".utf8) })
      #expect(listing.revision >= (listing.keyValues.last?.modRevision ?? .current))
      #expect(listing.clusterID != 0)
    }
  }

  @Test func `large values make the pages of a list smaller, not fail it`() async throws {
    try await withSharedEtcd {
      $0.messageMaxBytes = 100_000
    } _: { etcd, prefix in
      let value = [UInt8](repeating: 7, count: 30_000)
      for index in 0..<8 { try await etcd.put(PutRequest(Array("\(prefix)\(index)".utf8), value)) }
      let listing = try await etcd.list(prefix: prefix)
      #expect(listing.keyValues.count == 8)
      #expect(listing.keyValues.allSatisfy { $0.value == value })
    }
  }

  @Test func `a transaction does one thing or the other`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let key = Array("\(prefix)t".utf8)
      let take = Transaction(
        if: [.isAbsent(key)], then: [.put(PutRequest(key, [1]))],
        else: [.range(RangeRequest(.key(key))), .deleteRange(DeleteRangeRequest(.key(key)))])
      let first = try await etcd.transact(take)
      #expect(first.hasSucceeded)
      let second = try await etcd.transact(take)
      #expect(!second.hasSucceeded && second.responses.count == 2)
      guard case .range(let range) = second.responses.first else {
        Issue.record("the first answer is \(second.responses)")
        return
      }
      #expect(range.keyValues.map(\.value) == [[1]])
    }
  }

  @Test func `conditions on version, revisions, value and lease are etcd's own`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let key = Array("\(prefix)c".utf8)
      let lease = try await etcd.grantLease(ttl: .seconds(60)).id
      let made = try await etcd.put(PutRequest(key, [1], lease: lease)).header.revision
      let written = try await etcd.put(PutRequest(key, [2], lease: lease)).header.revision
      let holding: [Compare] = [
        Compare(.key(key), .equal, .version(2)),
        Compare(.key(key), .equal, .createRevision(made)),
        Compare(.key(key), .equal, .modRevision(written)),
        Compare(.key(key), .equal, .value([2])),
        Compare(.key(key), .equal, .lease(lease)),
        Compare(.key(key), .greater, .version(1)),
        Compare(.key(key), .less, .version(3)),
        Compare(.prefix(prefix), .notEqual, .value([1])),
      ]
      for condition in holding {
        let response = try await etcd.transact(Transaction(if: [condition]))
        #expect(response.hasSucceeded, "\(condition)")
      }
      let all = try await etcd.transact(Transaction(if: holding))
      #expect(all.hasSucceeded)
      let not = try await etcd.transact(
        Transaction(if: holding + [Compare(.key(key), .equal, .version(1))]))
      #expect(!not.hasSucceeded)
      try await etcd.revoke(lease)
    }
  }

  @Test func `a revision that was compacted, and one that is to come, are told apart`()
    async throws
  {
    // Its own etcd: others must not be compacted under their hands.
    let process = try EtcdProcess.single()
    try await process.start()
    try await withClient([process.endpoint]) { etcd in
      for _ in 0..<5 { try await etcd.put("a", "1") }
      let now = try await etcd.put("a", "2").header.revision
      try await etcd.compact(now)
      var request = RangeRequest(.key("a"))
      request.revision = Revision(rawValue: now.rawValue - 2)
      let compacted = await failure { () async throws(EtcdError) in try await etcd.range(request) }
      #expect(compacted?.reason == .compacted)
      request.revision = Revision(rawValue: now.rawValue + 100)
      let future = await failure { () async throws(EtcdError) in try await etcd.range(request) }
      #expect(future?.reason == .futureRevision)
    }
  }

  @Test func `the members and their state are shown`() async throws {
    let process = try await SharedEtcd.shared.process()
    let nobody = EtcdEndpoint(host: "127.0.0.1", port: 1)
    try await withClient([process.endpoint, nobody]) { etcd in
      let members = try await etcd.members()
      #expect(members.map(\.name) == ["one"])
      #expect(members.first?.clientURLs == [process.url])
      let statuses = await etcd.statuses()
      #expect(statuses.map(\.endpoint) == [process.endpoint, nobody])
      let member = try statuses[0].member.get()
      #expect(member.version.hasPrefix("3.") && member.leader == members.first?.id)
      #expect(member.databaseBytes > 0 && member.raftTerm > 0)
      guard case .failure(let error) = statuses[1].member else {
        Issue.record("nobody answered \(statuses[1])")
        return
      }
      #expect(error.reason == .unavailable && error.message.contains("http://127.0.0.1:1"))
    }
  }
}
