import CacheStore
import Testing

@testable import Snapshot

@Suite struct DirectoryTests {
  @Test func `without a file there is nothing to restore`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: "\(scratch.path)/made")
    #expect(try restored(directory).report == nil)
    #expect(try scratch.names == ["made"])
  }

  @Test func `a directory that a process has is refused to the next`() throws {
    let scratch = try Scratch()
    do {
      let first = try SnapshotDirectory(path: scratch.path)
      #expect {
        _ = try SnapshotDirectory(path: scratch.path)
      } throws: { error in
        "\(error)".contains("another process keeps its snapshot in \(scratch.path)")
      }
      withExtendedLifetime(first) {}
    }
    _ = try SnapshotDirectory(path: scratch.path)
  }

  @Test func `a path that cannot be a directory is refused by name`() throws {
    let scratch = try Scratch()
    try scratch.write([], "file")
    #expect {
      _ = try SnapshotDirectory(path: "\(scratch.path)/file")
    } throws: { error in
      "\(error)" == "snapshot: cannot open the directory \(scratch.path)/file: Not a directory"
    }
    #expect {
      _ = try SnapshotDirectory(path: "\(scratch.path)/no/where")
    } throws: { error in
      "\(error)".contains("cannot make the directory \(scratch.path)/no/where")
    }
  }

  @Test func `one that is given up leaves the previous snapshot, and nothing else`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, cores: 1))
    store.set("key", [1])
    try save(store, directory)
    let before = try scratch.read()
    store.set("key", [2])
    #expect(throws: SnapshotError.cancelled) {
      try SnapshotWriter(store, directory).write(now: { at(0) }, isCancelled: { true })
    }
    #expect(try scratch.read() == before)
    #expect(try scratch.names == ["larder.snapshot"])
  }

  @Test func `what a killed run has left unfinished is written over`() throws {
    let scratch = try Scratch()
    try scratch.write([UInt8](repeating: 1, count: 1 << 20), "larder.snapshot.new")
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, cores: 1))
    store.set("key", [1])
    let summary = try save(store, directory)
    #expect(try scratch.read().count == summary.bytes)
    #expect(try scratch.names == ["larder.snapshot"])
  }

  @Test func `a restore that is stopped says so, and the file stays`() throws {
    let scratch = try Scratch()
    let directory = try SnapshotDirectory(path: scratch.path)
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, cores: 1))
    store.set("key", [1])
    try save(store, directory)
    #expect(throws: SnapshotError.cancelled) {
      try SnapshotRestorer(directory, into: store).restore(
        now: { at(0) }, isCancelled: { true })
    }
    #expect(try scratch.names == ["larder.snapshot"])
  }
}
