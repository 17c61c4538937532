import CacheStore
import Foundation
import HashRing

@testable import Snapshot

/// Wall and monotonic clock at so many milliseconds past some beginning each.
func at(_ milliseconds: UInt64) -> StoreTime {
  StoreTime(
    monotonicMilliseconds: 1_000 + milliseconds, wallMilliseconds: 1_700_000_000_000 + milliseconds)
}

/// As at `at`, on a machine that was started anew: the monotonic clock has begun from 0.
func afterRestart(_ milliseconds: UInt64) -> StoreTime {
  StoreTime(
    monotonicMilliseconds: milliseconds / 2, wallMilliseconds: 1_700_000_000_000 + milliseconds)
}

/// A directory that is removed with its contents.
final class Scratch {
  let path: String

  init() throws {
    let name = "larder-snapshot-\(UInt64.random(in: 0...UInt64.max))"
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    self.path = folder.path
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: self.path)
    } catch {
      print("cannot remove \(self.path): \(error)")
    }
  }

  func read(_ name: String = "larder.snapshot") throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "\(self.path)/\(name)")))
  }

  func write(_ bytes: [UInt8], _ name: String = "larder.snapshot") throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(self.path)/\(name)"))
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: self.path).sorted() }
  }
}

/// What the tests compare of an entry.
struct Stored: Equatable {
  var value: [UInt8]
  var version: Version
  var expiry: Expiry
  var flags: UInt32
}

extension Store {
  /// The key's hash, and number of the namespace, as a node has them.
  private func withKey<Result>(
    _ text: String, _ namespace: String, _ body: (borrowing StoreKey) -> Result
  ) -> Result {
    let (bytes, name) = (Array(text.utf8), Array(namespace.utf8))
    guard let id = self.namespaces.id(of: name.span.bytes) else {
      preconditionFailure("the test has no namespace \(namespace)")
    }
    let hash =
      name.isEmpty
      ? XXH64.hash(bytes.span.bytes)
      : XXH64.hash(prefix: name.span.bytes, separator: UInt8(ascii: "/"), bytes.span.bytes)
    return body(StoreKey(namespace: id, bytes: bytes.span.bytes, hash: hash))
  }

  @discardableResult
  func set(
    _ key: String, _ value: [UInt8], in namespace: String = "", flags: UInt32 = 0,
    expiry: Expiry = .never, now: StoreTime = at(0)
  ) -> WriteOutcome {
    self.withKey(key, namespace) {
      self.write($0, value: value.span.bytes, flags: flags, expiry: expiry, now: now)
    }
  }

  func get(_ key: String, in namespace: String = "", now: StoreTime = at(0)) -> Stored? {
    self.withKey(key, namespace) {
      self.read($0, now: now) { entry in
        Stored(
          value: entry.value.withUnsafeBytes { Array($0) }, version: entry.version,
          expiry: entry.expiry, flags: entry.flags)
      }
    }
  }
}

/// Writes the entries of a store into the directory.
@discardableResult
func save(
  _ store: Store, _ directory: SnapshotDirectory, now: StoreTime = at(0)
) throws -> SnapshotSummary {
  try SnapshotWriter(store, directory).write(now: { now })
}

/// Restores what is in the directory into a store of its own.
func restored(
  _ directory: SnapshotDirectory, into configuration: StoreConfiguration = .init(),
  now: StoreTime = afterRestart(0)
) throws -> (store: Store, report: RestoreReport?) {
  let store = try Store(configuration)
  let report = try SnapshotRestorer(directory, into: store).restore(now: { now })
  return (store, report)
}
