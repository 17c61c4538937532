import CacheStore
import Testing

@testable import Snapshot

@Suite struct DamageTests {
  /// A store of a few entries in several blocks, and its snapshot.
  private func small(_ scratch: Scratch) throws -> (Store, [UInt8]) {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, cores: 1))
    for number in 0..<12 {
      store.set(
        "key\(number)", [UInt8](repeating: UInt8(number), count: number * 5), flags: UInt32(number),
        expiry: number % 2 == 0 ? .never : .after(milliseconds: 60_000))
    }
    for number in 0..<4 { _ = store.get("key\(number)") }
    let directory = try SnapshotDirectory(path: scratch.path)
    try save(store, directory)
    return (store, try scratch.read())
  }

  /// Restores the bytes as a file, and demands that what comes back is right.
  ///
  /// - Returns: the report, and how many entries came back.
  private func restore(
    _ file: [UInt8], like original: Store, _ scratch: Scratch
  ) throws -> (report: RestoreReport, entries: Int) {
    try scratch.write(file)
    let directory = try SnapshotDirectory(path: scratch.path)
    let (copy, report) = try restored(
      directory, into: StoreConfiguration(memoryBytes: 1 << 20, cores: 1))
    var entries = 0
    for number in 0..<12 {
      guard let found = copy.get("key\(number)", now: afterRestart(0)) else { continue }
      entries += 1
      #expect(found == original.get("key\(number)"))
    }
    #expect(copy.statistics().total.entries == entries)
    return (try #require(report), entries)
  }

  @Test func `each byte damaged in turn: said, and never a wrong value`() throws {
    let scratch = try Scratch()
    let (original, file) = try self.small(scratch)
    let flips: [UInt8] = [0x01, 0x80, 0xFF]
    for offset in file.indices {
      var damaged = file
      damaged[offset] ^= flips[offset % flips.count]
      let (report, entries) = try self.restore(damaged, like: original, scratch)
      #expect(report.isDamaged, "byte \(offset)")
      #expect(report.damagedBytes > 0)
      // Two blocks have entries, four and eight; at most one of them is damaged.
      #expect(entries >= 4, "byte \(offset)")
      #expect(report.setAside == "\(scratch.path)/larder.snapshot.damaged")
    }
  }

  @Test func `cut at every length: said, and what is whole comes back`() throws {
    let scratch = try Scratch()
    let (original, file) = try self.small(scratch)
    var most = 0
    for length in file.indices {
      let (report, entries) = try self.restore(
        Array(file.prefix(length)), like: original, scratch)
      #expect(report.isTruncated, "\(length) bytes")
      #expect(entries >= most)
      most = entries
    }
    #expect(most == 12)
  }

  @Test func `a damaged file is put aside, and what was not is left`() throws {
    let scratch = try Scratch()
    let (original, file) = try self.small(scratch)
    _ = try self.restore(file, like: original, scratch)
    #expect(try scratch.names == ["larder.snapshot"])
    _ = try self.restore(Array(file.dropLast()), like: original, scratch)
    #expect(try scratch.names == ["larder.snapshot.damaged"])
    #expect(try scratch.read("larder.snapshot.damaged") == Array(file.dropLast()))
  }

  @Test func `blocks missing from the middle are noticed`() throws {
    let scratch = try Scratch()
    let (original, file) = try self.small(scratch)
    let index = try SnapshotIndex(byteCount: file.count) { Array(file[$0]) }
    let block = try #require(index.blocks.first { $0.header.kind == .valuableEntries })
    var cut = file
    cut.removeSubrange(block.offset..<block.payload.upperBound)
    let (report, entries) = try self.restore(cut, like: original, scratch)
    #expect(report.isDamaged)
    #expect(report.missing == Int(block.header.records))
    #expect(entries == 12 - Int(block.header.records))
  }

  @Test func `random bytes, and no bytes, are no snapshot and do no harm`() throws {
    let scratch = try Scratch()
    let (original, _) = try self.small(scratch)
    var random = SystemRandomNumberGenerator()
    for length in [0, 1, 47, 48, 49, 1000, 200_000] {
      let file = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      let (report, entries) = try self.restore(file, like: original, scratch)
      #expect(report.isTruncated)
      #expect(report.damagedBytes == length)
      #expect(entries == 0)
    }
  }

  /// Somebody has stored a snapshot in the cache, and the header in front of it is damaged.
  @Test func `a value that looks like blocks is not taken for any`() throws {
    let scratch = try Scratch()
    let (_, inner) = try self.small(scratch)
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, cores: 1))
    store.set("innocent", [1])
    store.set("trojan", inner)
    let directory = try SnapshotDirectory(path: scratch.path + "/outer")
    try save(store, directory)
    var file = try scratch.read("outer/larder.snapshot")
    let index = try SnapshotIndex(byteCount: file.count) { Array(file[$0]) }
    let entries = try #require(index.blocks.dropFirst().first)
    file[entries.offset] ^= 1
    try scratch.write(file, "outer/larder.snapshot")
    let (copy, report) = try restored(directory)
    #expect(report?.isDamaged == true)
    #expect(copy.statistics().total.entries == 0)
  }

  @Test func `a format of the future stops the start, and the file stays`() throws {
    let scratch = try Scratch()
    let (_, file) = try self.small(scratch)
    let written = SnapshotHeader(file.span.bytes)
    var header = try #require(written)
    header.format = 2
    var future = file
    header.write(over: &future)
    try scratch.write(future)
    let directory = try SnapshotDirectory(path: scratch.path)
    #expect {
      try restored(directory)
    } throws: { error in
      "\(error)".contains("has the format 2, and this version knows 1 only")
    }
    #expect(try scratch.read() == future)
  }
}
