internal import Glibc

/// An open file or directory, closed at the end of its owner. Calls that a signal interrupts are made
/// again.
struct FileDescriptor: ~Copyable {
  private let descriptor: Int32
  /// For messages.
  let path: String

  init(opening path: String, _ flags: Int32, _ operation: String) throws(SnapshotError) {
    self.path = path
    self.descriptor = Self.retrying { open(path, flags | O_CLOEXEC, 0o600) }
    guard self.descriptor >= 0 else { throw SnapshotError(operation, path, errno: errno) }
  }

  // What was written is safe, or not, by `sync`: close has nothing to add to that. A lock ends with the last
  // descriptor of the open file, and a child that another thread is about to start has one until it runs
  // its program: so it is given back first.
  deinit {
    _ = flock(self.descriptor, LOCK_UN)
    _ = close(self.descriptor)
  }

  /// The size of the file.
  func byteCount() throws(SnapshotError) -> Int {
    var status = stat()
    guard fstat(self.descriptor, &status) == 0 else {
      throw SnapshotError("look at", self.path, errno: errno)
    }
    return Int(status.st_size)
  }

  func write(_ bytes: RawSpan) throws(SnapshotError) {
    var written = 0
    while written < bytes.byteCount {
      let count = bytes.extracting(droppingFirst: written).withUnsafeBytes { rest in
        Self.retrying { Glibc.write(self.descriptor, rest.baseAddress, rest.count) }
      }
      guard count > 0 else { throw SnapshotError("write", self.path, errno: errno) }
      written += count
    }
  }

  /// All the bytes of a range that is within the file.
  func read(_ range: Range<Int>) throws(SnapshotError) -> [UInt8] {
    var failure: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      while filled < range.count {
        let place = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        let count = Self.retrying {
          pread(self.descriptor, place.baseAddress, place.count, range.lowerBound + filled)
        }
        guard count > 0 else {
          // A file that became shorter meanwhile has no errno.
          failure = count == 0 ? EIO : errno
          return
        }
        filled += count
      }
    }
    if let failure { throw SnapshotError("read", self.path, errno: failure) }
    return bytes
  }

  /// What was written survives a loss of power.
  func sync() throws(SnapshotError) {
    guard Self.retrying({ fsync(self.descriptor) }) == 0 else {
      throw SnapshotError("sync", self.path, errno: errno)
    }
  }

  /// False: another process has it.
  func lock() throws(SnapshotError) -> Bool {
    if Self.retrying({ flock(self.descriptor, LOCK_EX | LOCK_NB) }) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw SnapshotError("lock", self.path, errno: errno) }
    return false
  }

  private static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
      let result = call()
      if result != -1 || errno != EINTR { return result }
    }
  }
}
