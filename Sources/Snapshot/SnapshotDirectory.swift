internal import Glibc

/// Where a node keeps its snapshot: one file, which is replaced whole or not at all.
///
/// A snapshot is written beside the one that is there, made safe, and renamed; so whatever happens
/// meanwhile, one of the two is there and whole. One process at a time has the directory.
public final class SnapshotDirectory: Sendable {
  /// Of the snapshot.
  public let path: String
  private let newPath: String
  /// Of one that was damaged, for those who want to know.
  private let damagedPath: String
  /// Holds the lock as long as it is open.
  private let directory: FileDescriptor

  /// Takes the directory, and makes it where it is missing.
  public init(path: String) throws(SnapshotError) {
    self.path = "\(path)/larder.snapshot"
    self.newPath = "\(path)/larder.snapshot.new"
    self.damagedPath = "\(path)/larder.snapshot.damaged"
    if mkdir(path, 0o700) != 0, errno != EEXIST {
      throw SnapshotError("make the directory", path, errno: errno)
    }
    self.directory = try FileDescriptor(
      opening: path, O_RDONLY | O_DIRECTORY, "open the directory")
    guard try self.directory.lock() else {
      throw SnapshotError(
        "snapshot: another process keeps its snapshot in \(path). Give each node a directory of"
          + " its own.")
    }
  }

  /// The file of the next snapshot, empty. What another run has left unfinished is gone.
  func create() throws(SnapshotError) -> FileDescriptor {
    try FileDescriptor(opening: self.newPath, O_WRONLY | O_CREAT | O_TRUNC, "create")
  }

  /// Puts the new file in the place of the old one.
  func install(_ file: borrowing FileDescriptor) throws(SnapshotError) {
    try file.sync()
    guard rename(self.newPath, self.path) == 0 else {
      throw SnapshotError("rename to \(self.path)", self.newPath, errno: errno)
    }
    try self.directory.sync()
  }

  /// Removes what `create` made, and tells nobody: the one who wrote it is telling already.
  func abandon() { _ = unlink(self.newPath) }

  /// The snapshot; nil: there is none.
  func open() throws(SnapshotError) -> FileDescriptor? {
    // Asked first, because absence is no error.
    if access(self.path, F_OK) != 0, errno == ENOENT { return nil }
    return try FileDescriptor(opening: self.path, O_RDONLY, "open")
  }

  /// Puts a damaged snapshot aside, where the next one does not replace it.
  ///
  /// - Returns: where it is now.
  func setAside() throws(SnapshotError) -> String {
    guard rename(self.path, self.damagedPath) == 0 else {
      throw SnapshotError("rename to \(self.damagedPath)", self.path, errno: errno)
    }
    try self.directory.sync()
    return self.damagedPath
  }
}
