/// Where the blocks of a snapshot are, as their headers say, and where there is something else.
///
/// Made of what `read` gives, whatever that is: no bytes make it trap or go on for ever.
struct SnapshotIndex: Sendable {
  struct Block: Equatable, Sendable {
    /// Of the header, in the file.
    let offset: Int
    let header: SnapshotHeader

    var payload: Range<Int> {
      let start = self.offset + SnapshotHeader.byteCount
      return start..<start + Int(self.header.payloadBytes)
    }
  }

  /// In the file's order; their payloads were not looked at.
  private(set) var blocks: [Block] = []
  /// Bytes that are no block.
  private(set) var gaps: [Range<Int>] = []
  /// A format that this version does not know, in a header that is whole.
  private(set) var unknownFormat: UInt16?

  /// The file has its last block.
  var hasEnd: Bool { self.blocks.last?.header.kind == .end }

  /// In all blocks, as their headers say.
  var records: Int { self.blocks.reduce(0) { $0 + Int($1.header.records) } }

  /// Bytes that are looked through at once for the next block.
  private static let windowBytes = 64 << 10

  /// - Parameters:
  ///   - byteCount: Of the file.
  ///   - read: Gives the bytes of a range of the file, all of them.
  init(
    byteCount: Int, read: (Range<Int>) throws(SnapshotError) -> [UInt8]
  ) throws(SnapshotError) {
    var offset = 0
    while offset < byteCount {
      let end = min(offset + SnapshotHeader.byteCount, byteCount)
      let bytes = try read(offset..<end)
      if let header = SnapshotHeader(bytes.span.bytes),
        self.accepts(header, at: offset, byteCount)
      {
        guard header.format == SnapshotHeader.currentFormat else {
          self.unknownFormat = header.format
          return
        }
        self.blocks.append(Block(offset: offset, header: header))
        offset += SnapshotHeader.byteCount + Int(header.payloadBytes)
        continue
      }
      let next = try self.findBlock(from: offset + 1, byteCount, read: read)
      self.gaps.append(offset..<next)
      offset = next
    }
  }

  /// Whether a header that is whole belongs here: to this file, behind the blocks before it, and with
  /// its payload.
  private func accepts(_ header: SnapshotHeader, at offset: Int, _ byteCount: Int) -> Bool {
    guard offset + SnapshotHeader.byteCount + Int(header.payloadBytes) <= byteCount else {
      return false
    }
    guard let last = self.blocks.last else { return true }
    return header.identity == last.header.identity && header.place > last.header.place
  }

  /// The next offset at which there is a block; `byteCount` where there is none.
  private func findBlock(
    from start: Int, _ byteCount: Int, read: (Range<Int>) throws(SnapshotError) -> [UInt8]
  ) throws(SnapshotError) -> Int {
    var first = start
    while byteCount - first >= SnapshotHeader.byteCount {
      let window = try read(first..<min(first + Self.windowBytes, byteCount))
      let bytes = window.span.bytes
      var offset = 0
      while bytes.byteCount - offset >= SnapshotHeader.byteCount {
        if bytes.littleEndian(UInt64.self, at: offset) == SnapshotHeader.mark,
          let header = SnapshotHeader(bytes.extracting(droppingFirst: offset)),
          self.accepts(header, at: first + offset, byteCount)
        {
          return first + offset
        }
        offset += 1
      }
      // A header may begin in this window and end in the next.
      first += offset
    }
    return byteCount
  }
}
