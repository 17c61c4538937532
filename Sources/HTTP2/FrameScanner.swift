/// What the nine bytes before each frame say (RFC 9113, section 4.1).
struct FrameHead: Equatable {
  static let byteCount = 9

  enum Kind: UInt8 {
    case data = 0x0
    case headers = 0x1
    case priority = 0x2
    case resetStream = 0x3
    case settings = 0x4
    case pushPromise = 0x5
    case ping = 0x6
    case goAway = 0x7
    case windowUpdate = 0x8
    case continuation = 0x9
  }

  static let acknowledgement: UInt8 = 0x1
  static let endStream: UInt8 = 0x1
  static let endHeaders: UInt8 = 0x4
  static let padded: UInt8 = 0x8

  /// Of the payload, in bytes.
  var length: Int
  /// Nil: none that RFC 9113 has.
  var kind: Kind?
  var flags: UInt8
  var stream: Int32

  func has(_ flag: UInt8) -> Bool { self.flags & flag != 0 }
}

/// Finds the frames in what a client sends, without looking into them.
///
/// libnghttp2 takes them apart, but tells nobody of frames that it ignores (unknown types, DATA on a
/// closed stream), nor how far a frame is that has only begun; both matter for a peer that means ill.
///
///     | preface 24 | length 24 bits | type 8 | flags 8 | stream 32 bits | payload | length ...
///
/// Bytes that are no HTTP/2 may be fed: libnghttp2 finds out.
struct FrameScanner {
  private static let prefaceBytes = 24

  /// Bytes of the preface, then of a payload, that have yet to come.
  private var rest = Self.prefaceBytes
  /// Bytes of a cut frame head that are here.
  private var headCount = 0
  private var head = InlineArray<9, UInt8>(repeating: 0)
  private var isInBlock = false
  private var isInData = false

  /// How many frames have begun, a header block counted as one frame.
  private(set) var units = 0
  /// All bytes that came.
  private(set) var receivedBytes = 0

  /// The frame, or the header block, that has begun and not ended, by its number; nil where there is
  /// none. DATA is none: a body may take its time.
  var openUnit: Int? {
    if self.headCount > 0 { return self.isInBlock ? self.units : self.units + 1 }
    return self.isInBlock || (self.rest > 0 && !self.isInData) ? self.units : nil
  }

  mutating func begin(_ bytes: UnsafeRawBufferPointer) { self.receivedBytes += bytes.count }

  /// The next frame whose head ends in `bytes` after `offset`, which goes behind that head; nil once
  /// there is none.
  @inline(__always)
  mutating func next(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> FrameHead? {
    let skipped = min(self.rest, bytes.count - offset)
    self.rest -= skipped
    offset += skipped
    guard offset < bytes.count else { return nil }
    if self.headCount == 0 && bytes.count - offset >= FrameHead.byteCount {
      // All nine bytes are there, by the check above.
      let first = UInt64(
        bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      let last = bytes[offset + 8]
      offset += FrameHead.byteCount
      return self.enter(first, last)
    }
    return self.nextInPieces(bytes, &offset)
  }

  private mutating func nextInPieces(
    _ bytes: UnsafeRawBufferPointer, _ offset: inout Int
  ) -> FrameHead? {
    while self.headCount < FrameHead.byteCount {
      guard offset < bytes.count else { return nil }
      self.head[self.headCount] = bytes[offset]
      self.headCount += 1
      offset += 1
    }
    self.headCount = 0
    var first: UInt64 = 0
    for index in 0..<8 { first = first << 8 | UInt64(self.head[index]) }
    return self.enter(first, self.head[8])
  }

  /// - Parameters:
  ///   - first: the first eight bytes of a head, most significant first.
  ///   - last: its ninth.
  @inline(__always)
  private mutating func enter(_ first: UInt64, _ last: UInt8) -> FrameHead {
    let stream = UInt32(truncatingIfNeeded: first) << 8 | UInt32(last)
    let frame = FrameHead(
      length: Int(first >> 40), kind: .init(rawValue: UInt8(truncatingIfNeeded: first >> 32)),
      flags: UInt8(truncatingIfNeeded: first >> 24),
      // The first bit is reserved (RFC 9113, section 4.1).
      stream: Int32(stream & 0x7fff_ffff))
    self.rest = frame.length
    self.isInData = frame.kind == .data
    let isBlock = frame.kind == .headers || frame.kind == .continuation
    if !(self.isInBlock && frame.kind == .continuation) { self.units += 1 }
    self.isInBlock = isBlock && !frame.has(FrameHead.endHeaders)
    return frame
  }
}
