import CZlib
import Foundation

/// A trace on disk, plain or compressed by gzip, which zlib tells apart by itself.
struct TraceFile {
  let path: String

  /// Bytes that are read at a time.
  private static let pieceBytes: UInt32 = 1 << 20

  /// The keys of all requests, in order.
  ///
  /// - Parameter progress: Called after each piece with the requests read so far.
  func keys(
    _ format: TraceFormat, skipsHeader: Bool, progress: (Int) throws -> Void
  ) throws -> [UInt64] {
    guard let file = gzopen(self.path, "rb") else {
      throw self.failure(String(cString: strerror(errno)))
    }
    defer { gzclose(file) }
    var parser = TraceParser(format, skipsHeader: skipsHeader)
    var keys: [UInt64] = []
    var piece = [UInt8](repeating: 0, count: Int(Self.pieceBytes))
    do {
      while true {
        let count = gzread(file, &piece, Self.pieceBytes)
        guard count >= 0 else { throw self.failure(Self.reason(of: file)) }
        if count == 0 { break }
        try parser.parse(Array(piece[..<Int(count)]), into: &keys)
        try progress(keys.count)
      }
      // A gzip file that was cut off ends without an error but for this.
      var number: Int32 = 0
      _ = gzerror(file, &number)
      guard number == Z_OK || number == Z_STREAM_END else {
        throw self.failure(Self.reason(of: file))
      }
      try parser.finish(into: &keys)
    } catch let failure as TraceParser.Failure {
      throw self.failure(failure.message)
    }
    guard !keys.isEmpty else { throw self.failure("it holds no requests") }
    return keys
  }

  private func failure(_ reason: String) -> CommandFailure {
    CommandFailure("\(self.path) cannot be replayed: \(reason)", exit: ExitStatus.inputOutput)
  }

  private static func reason(of file: gzFile) -> String {
    var number: Int32 = 0
    guard let words = gzerror(file, &number) else { return "zlib error \(number)" }
    return number == Z_ERRNO ? String(cString: strerror(errno)) : String(cString: words)
  }
}
