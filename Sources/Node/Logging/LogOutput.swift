internal import Glibc
internal import Synchronization

/// Writes lines to one descriptor, each with one write(2) and one at a time.
///
/// A line that cannot be written is lost and counted: a node goes on serving when nobody reads its
/// log. The same holds for a reader that stalls for longer than `waitMilliseconds`, where the
/// descriptor is a non-blocking one.
final class LogOutput: Sendable {
  /// How long one line waits for a full non-blocking pipe.
  static let waitMilliseconds: CInt = 100

  /// The log of the process.
  static let standardError = LogOutput(descriptor: STDERR_FILENO)

  private struct State {
    var isMidLine = false
    var lostLines: UInt64 = 0
  }

  private let descriptor: CInt
  private let state = Mutex(State())

  /// An output that has written nothing yet.
  ///
  /// - Parameter descriptor: Stays open for as long as the output lives, and stays the caller's.
  init(descriptor: CInt) {
    self.descriptor = descriptor
  }

  /// Lines that could not be written, or only in part.
  var lostLines: UInt64 {
    self.state.withLock { $0.lostLines }
  }

  /// Writes one line, or counts it as lost.
  ///
  /// - Parameter line: With its line feed.
  func write(_ line: String) {
    // Held over the write on purpose: that is what keeps lines apart.
    self.state.withLock { state in
      // What is left of a lost line must not become the beginning of this one.
      var text = state.isMidLine ? "\n" + line : line
      let (written, count) = text.withUTF8 { bytes in
        (self.writeAll(UnsafeRawBufferPointer(bytes)), bytes.count)
      }
      if written > 0 { state.isMidLine = written < count }
      if written < count { state.lostLines += 1 }
    }
  }

  /// - Returns: How many bytes were written: all, unless the descriptor failed.
  private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = Glibc.write(self.descriptor, rest.baseAddress, rest.count)
      if count >= 0 {
        written += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: guard self.waitUntilWritable() else { return written }
      default: return written
      }
    }
    return written
  }

  private func waitUntilWritable() -> Bool {
    var entry = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, Self.waitMilliseconds) > 0
  }
}
