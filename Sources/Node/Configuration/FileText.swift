internal import Glibc

/// Why a file gave no text. Completes "FILE …".
package struct FileProblem: Error {
  package let reason: String
}

/// The whole text of a file.
///
/// - Parameter bytesMax: A longer file is refused, and no more than one byte beyond this is read.
package func readText(path: String, bytesMax: Int) throws(FileProblem) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileProblem(errno: errno) }
  // Only read from: closing cannot lose anything that was written.
  defer { close(descriptor) }

  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 16 << 10)
  while bytes.count <= bytesMax {
    let count = read(descriptor, &piece, min(piece.count, bytesMax + 1 - bytes.count))
    if count < 0 {
      let code = errno
      if code == EINTR { continue }
      throw FileProblem(errno: code)
    }
    if count == 0 { break }
    bytes += piece[..<count]
  }
  guard bytes.count <= bytesMax else {
    throw FileProblem(reason: "is larger than \(ByteCount(bytes: bytesMax))")
  }
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw FileProblem(reason: "is not UTF-8")
  }
  return text
}

extension FileProblem {
  fileprivate init(errno code: CInt) {
    self.init(reason: "cannot be read: \(String(cString: strerror(code)))")
  }
}
