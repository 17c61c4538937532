import TestSupport
import Testing

@testable import HTTP2

/// The heads that `scanner` finds in `bytes`, fed in pieces of at most `pieceBytes`.
private func heads(
  _ scanner: inout FrameScanner, _ bytes: [UInt8], pieceBytes: Int = .max
) -> [FrameHead] {
  var heads: [FrameHead] = []
  var rest = bytes[...]
  while !rest.isEmpty {
    let piece = Array(rest.prefix(pieceBytes))
    rest = rest.dropFirst(piece.count)
    piece.withUnsafeBytes { buffer in
      var offset = 0
      scanner.begin(buffer)
      while let head = scanner.next(buffer, &offset) { heads.append(head) }
    }
  }
  return heads
}

@Suite struct FrameScannerTests {
  private static let frames: [UInt8] =
    Frame.clientHello
    + Frame.bytes(type: 0x1, flags: 0x4, stream: 0x8123_4567, [1, 2, 3])
    + Frame.data(stream: 3, [UInt8](repeating: 0, count: 16_384), endStream: true)
    + Frame.bytes(type: 0xfa, flags: 0xff, stream: 0) + Frame.ping()

  private static let found = [
    FrameHead(length: 0, kind: .settings, flags: 0, stream: 0),
    // Without the reserved bit.
    FrameHead(length: 3, kind: .headers, flags: 0x4, stream: 0x0123_4567),
    FrameHead(length: 16_384, kind: .data, flags: 0x1, stream: 3),
    FrameHead(length: 0, kind: nil, flags: 0xff, stream: 0),
    FrameHead(length: 8, kind: .ping, flags: 0, stream: 0),
  ]

  @Test(arguments: [1, 2, 7, 8, 9, 10, 23, 24, 25, 33, 1_000, 100_000])
  func `frames are found in pieces of any length`(pieceBytes: Int) {
    var scanner = FrameScanner()
    #expect(heads(&scanner, Self.frames, pieceBytes: pieceBytes) == Self.found)
    #expect(scanner.receivedBytes == Self.frames.count)
    #expect(scanner.openUnit == nil)
  }

  @Test func `a frame is open from the first byte of its head to its last`() {
    var scanner = FrameScanner()
    _ = heads(&scanner, Frame.clientHello)
    #expect(scanner.openUnit == nil)
    for (index, byte) in Frame.ping().enumerated() {
      _ = heads(&scanner, [byte])
      #expect((scanner.openUnit == nil) == (index == 16))
      #expect(scanner.openUnit ?? 2 == 2)
    }
  }

  @Test func `a header block is one, however many frames it comes in`() {
    var scanner = FrameScanner()
    _ = heads(&scanner, Frame.clientHello + Frame.bytes(type: 0x1, stream: 1, [1]))
    let open = scanner.openUnit
    #expect(open != nil)
    for _ in 0..<3 {
      _ = heads(&scanner, Frame.continuation(stream: 1, [1]), pieceBytes: 4)
      #expect(scanner.openUnit == open)
    }
    _ = heads(&scanner, Array(Frame.continuation(stream: 1, [], endHeaders: true)[..<5]))
    #expect(scanner.openUnit == open)
    _ = heads(&scanner, Array(Frame.continuation(stream: 1, [], endHeaders: true)[5...]))
    #expect(scanner.openUnit == nil)
  }

  @Test func `the payload of DATA leaves nothing open, and its head does`() {
    var scanner = FrameScanner()
    let data = Frame.data(stream: 1, [1, 2, 3])
    _ = heads(&scanner, Frame.clientHello + data.prefix(8))
    #expect(scanner.openUnit != nil)
    _ = heads(&scanner, Array(data[8..<11]))
    #expect(scanner.openUnit == nil)
  }
}
