internal import Glibc

/// What keeps a snapshot from being written or read, in words for people.
public struct SnapshotError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Names the path, what was tried, and where possible the remedy.
  public let description: String

  init(_ description: String) { self.description = description }

  /// A system call has failed.
  ///
  /// - Parameter operation: Completes "cannot …".
  init(_ operation: String, _ path: String, errno code: Int32) {
    let reason = String(cString: strerror(code))
    self.init("snapshot: cannot \(operation) \(path): \(reason)")
  }

  /// The one that told it to stop has said so.
  public static let cancelled = Self("snapshot: stopped before it was done")
}
