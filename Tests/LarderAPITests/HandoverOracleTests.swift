import LarderAPI
import ProtobufOracle
import Testing
import Wire

/// As `CacheOracleTests`, for what nodes say to each other when keys go from one to the other.
@Suite struct HandoverOracleTests {
  @Test func `SealRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      var request = SealRequest()
      request.heir = values.bool() ? values.process() : nil
      request.epoch = String(decoding: values.text(), as: UTF8.self)
      request.ranges = values.list { $0.uint64() }
      request.vias = values.list { $0.process() }
      request.releases = values.bool()
      request.renews = values.bool()
      let (ours, expected) = (request.serialized(), request)
      let theirs = try oracle(ours, larder__v1__seal_request__unpack, values.comment) { read in
        equals(read.heir, expected.heir) && text(read.epoch) == Array(expected.epoch.utf8)
          && Array(UnsafeBufferPointer(start: read.ranges, count: read.n_ranges)) == expected.ranges
          && read.n_vias == expected.vias.count
          && expected.vias.indices.allSatisfy { equals(read.vias[$0], expected.vias[$0]) }
          && (read.releases != 0) == expected.releases
          && (read.renews != 0) == expected.renews
      }
      #expect(theirs == ours, values.comment)
      #expect(try SealRequest(decoding: theirs.span.bytes) == request, values.comment)
    }
  }

  @Test func `SealResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      var response = SealResponse()
      response.node = values.bool() ? values.process() : nil
      response.clock = values.uint64()
      response.holdings = values.list { $0.holding() }
      let (ours, expected) = (response.serialized(), response)
      let theirs = try oracle(ours, larder__v1__seal_response__unpack, values.comment) { read in
        let holdings = UnsafeBufferPointer(start: read.holdings, count: read.n_holdings)
        return equals(read.node, expected.node) && read.clock == expected.clock
          && holdings.count == expected.holdings.count
          && zip(holdings, expected.holdings).allSatisfy { equals($0, $1) }
      }
      #expect(theirs == ours, values.comment)
      #expect(try SealResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `ranges that come one by one are read as those that come together`() throws {
    // Field 1, fixed64, twice: not packed.
    let one: [UInt8] = [0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x09, 2, 0, 0, 0, 0, 0, 0, 0]
    #expect(try Holding(decoding: one.span.bytes).ranges == [1, 2])
    #expect(throws: WireError.truncated) {
      try Holding(decoding: ([0x0a, 7] + [UInt8](repeating: 0, count: 7)).span.bytes)
    }
  }

  @Test func `FetchRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let heir = values.bool() ? values.process() : nil
      let (keys, namespace) = (values.list { $0.text() }, values.text())
      let ours = written { output in
        FetchRequest.encode(heir: heir, namespace: namespace.span.bytes, into: &output)
        for key in keys { FetchRequest.encode(key: key.span.bytes, into: &output) }
      }
      let theirs = try oracle(ours, larder__v1__fetch_request__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.keys, count: $0.n_keys).map(text)
        return read == keys && text($0.namespace_) == namespace && equals($0.heir, heir)
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(FetchRequest.self, theirs) == ours, values.comment)
    }
  }

  @Test func `FetchResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let results = values.list { (member: $0.below(4), AnyCopy(&$0), version: $0.uint64()) }
      let ours = written { output in
        for (member, copy, version) in results {
          switch member {
          case 0: FetchResponse.encode(result: .unset, into: &output)
          case 1: FetchResponse.encode(result: .entry(copy.message), into: &output)
          case 2: FetchResponse.encode(result: .tombstone(version), into: &output)
          default: FetchResponse.encode(result: .floor(version), into: &output)
          }
        }
      }
      let theirs = try oracle(ours, larder__v1__fetch_response__unpack, values.comment) {
        let read = UnsafeBufferPointer(start: $0.results, count: $0.n_results)
        return read.count == results.count
          && zip(read, results).allSatisfy { result, expected in
            guard let result = result?.pointee else { return false }
            return Int(result.result_case.rawValue) == expected.member
              && (expected.member != 1 || expected.1.equals(result.entry.pointee))
              && (expected.member != 2 || result.tombstone == expected.version)
              && (expected.member != 3 || result.floor == expected.version)
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(FetchResponse.self, theirs) == ours, values.comment)
    }
  }

  @Test func `MigrateRequest agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      var start = MigrateStart()
      start.heir = values.bool() ? values.process() : nil
      start.ranges = values.list { $0.uint64() }
      start.after = values.uint64()
      let (member, number) = (values.below(3), values.uint64())
      let request: MigrateRequest =
        switch member {
        case 0: .unset
        case 1: .start(start)
        default: .acknowledged(number)
        }
      let (ours, expected) = (request.serialized(), start)
      let theirs = try oracle(ours, larder__v1__migrate_request__unpack, values.comment) { read in
        guard Int(read.request_case.rawValue) == member else { return false }
        if member == 2 { return read.acknowledged == number }
        guard member == 1 else { return true }
        let start = read.start.pointee
        return equals(start.heir, expected.heir) && start.after == expected.after
          && Array(UnsafeBufferPointer(start: start.ranges, count: start.n_ranges))
            == expected.ranges
      }
      #expect(theirs == ours, values.comment)
      #expect(try MigrateRequest(decoding: theirs.span.bytes) == request, values.comment)
    }
  }

  @Test func `MigrateResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let number = values.uint64()
      let items = values.list { AnyMigrateItem(&$0) }
      var end = MigrateBatchEnd()
      end.checksum = values.uint64()
      end.donePermille = values.uint32()
      end.isLast = values.bool()
      end.floors = values.list { Floor(cell: $0.uint32(), version: $0.uint64()) }
      let ours = written { output in
        MigrateResponse.encode(number: number, into: &output)
        for item in items { item.write(into: &output) }
        end.encode(into: &output)
      }
      let expected = end
      let theirs = try oracle(ours, larder__v1__migrate_response__unpack, values.comment) { read in
        let itemsRead = UnsafeBufferPointer(start: read.items, count: read.n_items)
        let floors = UnsafeBufferPointer(start: read.floors, count: read.n_floors)
        return read.number == number && read.checksum == expected.checksum
          && read.done_permille == expected.donePermille
          && (read.is_last != 0) == expected.isLast
          && itemsRead.count == items.count
          && zip(itemsRead, items).allSatisfy { read, item in
            read.map { item.equals($0.pointee) } ?? false
          }
          && floors.count == expected.floors.count
          && zip(floors, expected.floors).allSatisfy { read, floor in
            read.map { $0.pointee.cell == floor.cell && $0.pointee.version == floor.version }
              ?? false
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(try reencoded(MigrateResponse.self, theirs) == ours, values.comment)
    }
  }
}

@Suite struct MigrateItemSizeTests {
  @Test func `an item's size, told from the sizes of its parts, is that of the item`() {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let (namespace, key, copy) = (values.text(), values.text(), AnyCopy(&values))
      let item = MigrateItem(
        namespace: namespace.span.bytes, key: key.span.bytes, content: .entry(copy.message))
      let entryBytes = EntryCopy.encodedSize(
        valueBytes: copy.value.count, version: copy.version,
        ttlMilliseconds: copy.ttlMilliseconds, flags: copy.flags)
      let told = MigrateItem.encodedSize(
        namespaceBytes: namespace.count, keyBytes: key.count, entryBytes: entryBytes)
      #expect(told == item.encodedSize, values.comment)
      let bytes = written { output in MigrateResponse.encode(item: item, into: &output) }
      #expect(MigrateResponse.wholeSize(itemSize: told) == bytes.count, values.comment)
    }
  }
}

private struct AnyCopy {
  let value: [UInt8]
  let version: UInt64
  let ttlMilliseconds: UInt64
  let flags: UInt32

  init(_ values: inout RandomValues) {
    self.value = values.bytes()
    self.version = values.uint64()
    self.ttlMilliseconds = values.uint64()
    self.flags = values.uint32()
  }

  func equals(_ copy: Larder__V1__EntryCopy) -> Bool {
    data(copy.value) == self.value && copy.version == self.version
      && copy.ttl_ms == self.ttlMilliseconds && copy.flags == self.flags
  }

  /// The message, a view over this value's bytes.
  var message: EntryCopy {
    @_lifetime(borrow self)
    get {
      EntryCopy(
        value: self.value.span.bytes, version: self.version,
        ttlMilliseconds: self.ttlMilliseconds, flags: self.flags)
    }
  }
}

private struct AnyMigrateItem {
  let namespace: [UInt8]
  let key: [UInt8]
  let member: Int
  let copy: AnyCopy
  let version: UInt64

  init(_ values: inout RandomValues) {
    self.namespace = values.text()
    self.key = values.text()
    self.member = values.below(3)
    self.copy = AnyCopy(&values)
    self.version = values.uint64()
  }

  func equals(_ item: Larder__V1__MigrateItem) -> Bool {
    // The members of the oneof are fields 3 and 4.
    let member = self.member == 0 ? 0 : self.member + 2
    return text(item.namespace_) == self.namespace && text(item.key) == self.key
      && Int(item.content_case.rawValue) == member
      && (self.member != 1 || self.copy.equals(item.entry.pointee))
      && (self.member != 2 || item.tombstone == self.version)
  }

  func write(into output: inout OutputRawSpan) {
    let (namespace, key) = (self.namespace.span.bytes, self.key.span.bytes)
    switch self.member {
    case 0:
      MigrateResponse.encode(
        item: MigrateItem(namespace: namespace, key: key, content: .unset), into: &output)
    case 1:
      MigrateResponse.encode(
        item: MigrateItem(namespace: namespace, key: key, content: .entry(self.copy.message)),
        into: &output)
    default:
      MigrateResponse.encode(
        item: MigrateItem(namespace: namespace, key: key, content: .tombstone(self.version)),
        into: &output)
    }
  }
}

extension RandomValues {
  fileprivate mutating func process() -> ProcessID {
    ProcessID(
      nodeID: String(decoding: self.text(), as: UTF8.self), incarnation: self.uint64())
  }

  fileprivate mutating func holding() -> Holding {
    var holding = Holding()
    holding.ranges = self.list { $0.uint64() }
    holding.predecessors = self.list { values in
      var predecessor = Predecessor()
      predecessor.process = values.bool() ? values.process() : nil
      predecessor.isCertain = values.bool()
      predecessor.isSuperseded = values.bool()
      predecessor.through = values.uint64()
      return predecessor
    }
    holding.via = self.bool() ? self.process() : nil
    holding.isEmpty = self.bool()
    return holding
  }
}

private func equals(
  _ read: UnsafeMutablePointer<Larder__V1__ProcessID>?, _ expected: ProcessID?
) -> Bool {
  guard let read = read?.pointee, let expected else { return (read == nil) == (expected == nil) }
  return text(read.node_id) == Array(expected.nodeID.utf8)
    && read.incarnation == expected.incarnation
}

private func equals(
  _ read: UnsafeMutablePointer<Larder__V1__Holding>?, _ expected: Holding
) -> Bool {
  guard let read = read?.pointee else { return false }
  let predecessors = UnsafeBufferPointer(start: read.predecessors, count: read.n_predecessors)
  return Array(UnsafeBufferPointer(start: read.ranges, count: read.n_ranges)) == expected.ranges
    && predecessors.count == expected.predecessors.count
    && zip(predecessors, expected.predecessors).allSatisfy { read, predecessor in
      guard let read = read?.pointee else { return false }
      return equals(read.process, predecessor.process)
        && (read.is_certain != 0) == predecessor.isCertain
        && (read.is_superseded != 0) == predecessor.isSuperseded
        && read.through == predecessor.through
    }
    && equals(read.via, expected.via) && (read.is_empty != 0) == expected.isEmpty
}
