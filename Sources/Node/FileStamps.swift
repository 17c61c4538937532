internal import Glibc

/// What tells a changed file from an unchanged one, without reading it. Follows symbolic links, by
/// which Kubernetes swaps the files of a secret.
struct FileStamps: Equatable, Sendable {
  private struct Stamp: Equatable, Sendable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let seconds: Int
    let nanoseconds: Int
  }

  let paths: [String]
  /// Nil where there is no file.
  private let stamps: [Stamp?]

  /// As the files are now.
  init(_ paths: [String]) {
    self.paths = paths
    self.stamps = paths.map { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      return Stamp(
        device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
        seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
  }
}
