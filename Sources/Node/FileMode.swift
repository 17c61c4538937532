internal import Glibc

/// Who may do what with a file.
enum FileMode {
  /// Whether every user of the machine can read the file; false where there is none.
  static func isReadableByAll(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IROTH != 0
  }
}
