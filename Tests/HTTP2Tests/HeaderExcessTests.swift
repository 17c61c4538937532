import TestSupport
import Testing

@testable import HTTP2

@Suite struct HeaderExcessTests {
  @Test func `a header list eight times over its limit is not read to its end`() throws {
    let target = try Target { $0.headerListMaxBytes = 4_096 }
    // An entry of 4,000 bytes in the dynamic table, and then one byte for each use of it
    // (RFC 7541, sections 6.2.1 and 6.1).
    let entry: [UInt8] = [0x40, 1, 0x78, 0x7f, 0xa1, 0x1e] + [UInt8](repeating: 0x61, count: 4_000)
    let few = Frame.hpack(request) + entry + [UInt8](repeating: 0xbe, count: 5)
    try target.send(Frame.bytes(type: 0x1, flags: 0x5, stream: 1, few))
    #expect(target.error == nil && target.session.stream(1)?.isHeaderListTooLarge == true)
    try target.send(
      Frame.bytes(
        type: 0x1, flags: 0x5, stream: 3,
        Frame.hpack(request) + [UInt8](repeating: 0xbe, count: 10_000)))
    #expect(target.hasEnded(at: .headerList))
  }

  @Test func `header lists that are each a little too long end the session when they are many`()
    throws
  {
    let target = try Target {
      $0.headerListMaxBytes = 4_096
      $0.headersMax = 16
    }
    // 78 of its fields, of 34 bytes each, are too many. Eight lists' worth is 32,768 bytes.
    let endured = try target.endures { count in Self.longHead(stream: 2 * count + 1) }
    #expect(endured == 32_768 / (78 * 34))
    #expect(target.hasEnded(at: .headerList))
  }

  @Test func `a header list that is too long now and then is answered for ever`() throws {
    let target = try Target { $0.headersMax = 16 }
    for count in 0..<1_000 {
      target.now += 10_000_000
      try target.send(Self.longHead(stream: 2 * count + 1))
    }
    #expect(target.error == nil && target.sent.goAways.isEmpty)
  }

  /// A request of four fields and 90 more.
  private static func longHead(stream: Int) -> [UInt8] {
    // "a: b", as a literal that is not indexed (RFC 7541, section 6.2.2).
    let fields = (0..<90).flatMap { _ in [0x00, 1, 0x61, 1, 0x62] as [UInt8] }
    return Frame.bytes(type: 0x1, flags: 0x5, stream: UInt32(stream), Frame.hpack(request) + fields)
  }
}
