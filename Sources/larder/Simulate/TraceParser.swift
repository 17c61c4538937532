import HashRing

/// How a trace spells its requests.
enum TraceFormat: Equatable {
  /// Keys of four bytes, little-endian, one after the other.
  case uint32
  /// Lines of fields between commas; the key is the field of that number, from 1.
  case csv(column: Int)
}

/// Takes a trace in pieces as they are read, and hands out a number for each request's key: equal for
/// equal keys. No I/O.
struct TraceParser {
  private let format: TraceFormat
  private var skipsLine: Bool
  /// What the last piece ended with: part of a key, or of a line.
  private var rest: [UInt8] = []
  private var line = 0

  /// A line, or the end of the file, that is no request.
  struct Failure: Error, Equatable {
    let message: String
  }

  /// Bytes that a line of CSV may have.
  static let lineBytesMax = 1 << 20

  /// - Parameter skipsHeader: The first line of CSV names the columns.
  init(_ format: TraceFormat, skipsHeader: Bool) {
    self.format = format
    self.skipsLine = skipsHeader
  }

  /// Appends the keys of all requests that are whole.
  mutating func parse(_ piece: [UInt8], into keys: inout [UInt64]) throws(Failure) {
    let bytes = self.rest.isEmpty ? piece : self.rest + piece
    var start = 0
    switch self.format {
    case .uint32:
      while start + 4 <= bytes.count {
        keys.append(bytes.span.bytes.keyNumber(at: start))
        start += 4
      }
    case .csv(let column):
      while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
        try self.read(bytes[start..<end], column, &keys)
        start = end + 1
      }
      guard bytes.count - start <= Self.lineBytesMax else {
        throw Failure(message: "line \(self.line + 1) is longer than \(Self.lineBytesMax) bytes")
      }
    }
    self.rest = Array(bytes[start...])
  }

  /// The end of the file.
  mutating func finish(into keys: inout [UInt64]) throws(Failure) {
    guard !self.rest.isEmpty else { return }
    guard case .csv(let column) = self.format else {
      throw Failure(message: "the file ends within a key: its size is no multiple of 4 bytes")
    }
    try self.read(self.rest[...], column, &keys)
    self.rest = []
  }

  private mutating func read(
    _ line: ArraySlice<UInt8>, _ column: Int, _ keys: inout [UInt64]
  ) throws(Failure) {
    self.line += 1
    if self.skipsLine {
      self.skipsLine = false
      return
    }
    let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    if text.isEmpty { return }
    var fields = text[...]
    for _ in 1..<column {
      guard let comma = fields.firstIndex(of: UInt8(ascii: ",")) else {
        throw Failure(message: "line \(self.line) has no column \(column)")
      }
      fields = fields[(comma + 1)...]
    }
    let key = Array(fields.prefix { $0 != UInt8(ascii: ",") })
    keys.append(XXH64.hash(key.span.bytes))
  }
}

extension RawSpan {
  /// The key of four bytes at an offset within the span.
  fileprivate func keyNumber(at offset: Int) -> UInt64 {
    UInt64(UInt32(littleEndian: self.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }
}
