import HTTP2
import NIOCore
import TestSupport
import Testing

@testable import GRPC

/// Compressed messages of unary calls.
@Suite struct CompressionTests {
  private let gzip = [("grpc-encoding", "gzip")]
  private let acceptsGzip = [("grpc-accept-encoding", "identity, gzip")]
  /// Compresses well.
  private let dull = [UInt8](repeating: 7, count: 5_000)

  // MARK: - Requests

  @Test func `a compressed request is served as what it stands for`() throws {
    let service = Unary { call in
      let wasCompressed = call.wasCompressed
      #expect(wasCompressed)
      call.reply(size: call.message.byteCount) { output in
        for offset in call.message.byteOffsets {
          output.append(call.message.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        }
      }
    }
    let server = try EmbeddedServer(service)
    let answer = try server.answer("/t.S/M", self.gzip, body: framedCompressed(Sample.gzip))
    #expect(answer.messages == [Sample.plain])
    let deflate = [("grpc-encoding", "deflate")]
    #expect(
      try server.answer("/t.S/M", deflate, body: framedCompressed(Sample.zlib)).messages == [
        Sample.plain
      ])
  }

  @Test func `a call that names an encoding may send its message as it is`() throws {
    let server = try EmbeddedServer(Unary { $0.reply([$0.wasCompressed ? 1 : 0]) })
    #expect(try server.answer("/t.S/M", self.gzip, body: framed([9])).messages == [[0]])
  }

  @Test func `every answer says what is accepted`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let answer = try server.answer(body: framed([1]))
    #expect(answer.head["grpc-accept-encoding"] == "identity,deflate,gzip")
    #expect(answer.head["grpc-encoding"] == nil)
  }

  @Test func `a compressed message without an encoding, or with identity, is INTERNAL`() throws {
    let server = try EmbeddedServer(Unary.echo)
    for extra in [[], [("grpc-encoding", "identity")]] {
      let answer = try server.answer("/t.S/M", extra, body: framedCompressed(Sample.gzip))
      #expect(answer.status == 13)
    }
  }

  @Test func `a head like the last but for its encoding is not taken for it`() throws {
    let server = try EmbeddedServer(Unary.echo)
    for _ in 0..<2 {
      #expect(
        try server.answer("/t.S/M", self.gzip, body: framedCompressed(Sample.gzip)).status == 0)
      #expect(try server.answer(body: framedCompressed(Sample.gzip)).status == 13)
    }
  }

  @Test func `a broken stream is INTERNAL, and names its format`() throws {
    let server = try EmbeddedServer(Unary.echo)
    for broken in [[], Sample.zlib, Array(Sample.gzip.dropLast()), Sample.gzip + [0]] {
      let answer = try server.answer("/t.S/M", self.gzip, body: framedCompressed(broken))
      #expect(answer.status == 13)
      #expect(answer.message?.contains("gzip") == true)
    }
  }

  @Test func `a message over message-max once decompressed is RESOURCE_EXHAUSTED, and counted`()
    throws
  {
    var limits = ConnectionLimits()
    limits.messageMaxBytes = Sample.plain.count
    let server = try EmbeddedServer(Unary.echo, limits: limits)
    #expect(
      try server.answer("/t.S/M", self.gzip, body: framedCompressed(Sample.gzip)).status == 0)
    let bomb = try #require(packed([UInt8](repeating: 0, count: 2_000), .gzip))
    #expect(bomb.count < limits.messageMaxBytes)
    let answer = try server.answer("/t.S/M", self.gzip, body: framedCompressed(bomb))
    #expect(answer.status == 8)
    #expect(answer.message == "received message larger than max (over 56 vs. 56) once decompressed")
    #expect(server.hits(.messageMax) == 1)
  }

  @Test func `what a parked call's message has become counts against request-buffer-max`() throws {
    var limits = ConnectionLimits()
    limits.requestBufferMaxBytes = Sample.plain.count * 5 / 2
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot, limits: limits)
    let first = server.call("/t.S/M", self.gzip, body: framedCompressed(Sample.gzip))
    _ = server.call("/t.S/M", self.gzip, body: framedCompressed(Sample.gzip))
    let refused = try server.answer("/t.S/M", self.gzip, body: framedCompressed(Sample.gzip))
    #expect(lot.parked.count == 2)
    #expect(refused.status == 8 && refused.field("grpc-status-details-bin") != nil)
    #expect(server.hits(.requestBufferMax) == 1 && server.hits(.messageMax) == 0)
    // One ends by its client, the other by its answer; both give back what they took.
    server.client.reset(first, .cancel)
    try server.run()
    lot.answer([1])
    #expect(server.connection.bufferedBytes == 0)
    let again = server.call("/t.S/M", self.gzip, body: framedCompressed(Sample.gzip)).id
    try server.run()
    #expect(lot.parked.count == 1)
    lot.answer([2])
    try server.run()
    #expect(server.answers[again].messages == [[2]])
  }

  // MARK: - Replies

  private func server(
    _ service: Unary, _ compression: MessageCompression = MessageCompression(.gzip)
  ) throws -> EmbeddedServer {
    try EmbeddedServer([.unary(paths: ["/t.S/M"], service)], compression: compression)
  }

  @Test func `a reply is compressed for a client that accepts it, and for no other`() throws {
    for encoding in compressing {
      let server = try self.server(.echo, MessageCompression(encoding))
      for (accepted, isCompressed) in [
        ([], false), ([("grpc-accept-encoding", "identity")], false),
        ([("grpc-accept-encoding", "identity,deflate,gzip")], true), ([], false),
      ] as [([(String, String)], Bool)] {
        let answer = try server.answer("/t.S/M", accepted, body: framed(self.dull))
        #expect(answer.status == 0)
        #expect(answer.flag == (isCompressed ? 1 : 0))
        #expect(answer.head["grpc-encoding"] == (isCompressed ? encoding.rawValue : nil))
        let message = try #require(answer.messages.first)
        #expect(try isCompressed ? unpacked(message, encoding) == self.dull : message == self.dull)
      }
    }
  }

  @Test func `a server that is not told to compress does not`() throws {
    let server = try self.server(.echo, MessageCompression())
    let answer = try server.answer("/t.S/M", self.acceptsGzip, body: framed(self.dull))
    #expect(answer.flag == 0 && answer.messages == [self.dull])
  }

  @Test func `replies below and above the sizes to compress are sent as they are`() throws {
    let server = try self.server(.echo, MessageCompression(.gzip, minBytes: 100, maxBytes: 200))
    for (count, flag) in [(99, 0), (100, 1), (200, 1), (201, 0)] as [(Int, UInt8)] {
      let message = [UInt8](repeating: 1, count: count)
      let answer = try server.answer("/t.S/M", self.acceptsGzip, body: framed(message))
      #expect(answer.flag == flag, "\(count)")
      #expect((answer.head["grpc-encoding"] == nil) == (flag == 0))
    }
  }

  @Test func `a reply that would get no smaller is sent as it is`() throws {
    let noise = (0..<2_000).map { _ in UInt8.random(in: 0...255) }
    let server = try self.server(.echo)
    let answer = try server.answer("/t.S/M", self.acceptsGzip, body: framed(noise))
    #expect(answer.flag == 0 && answer.messages == [noise])
    let pieces = try self.server(
      Unary { call in
        call.append(size: noise.count) { output in for byte in noise { output.append(byte) } }
        call.finish()
      })
    let second = try pieces.answer("/t.S/M", self.acceptsGzip, body: framed([]))
    #expect(second.flag == 0 && second.messages == [noise])
  }

  @Test func `a reply in pieces, or with a spliced value, is compressed as a whole`() throws {
    let dull = self.dull
    let pieces = try self.server(
      Unary { call in
        for _ in 0..<2 {
          call.append(size: dull.count) { output in for byte in dull { output.append(byte) } }
        }
        call.finish()
      })
    let first = try pieces.answer("/t.S/M", self.acceptsGzip, body: framed([]))
    #expect(first.flag == 1)
    #expect(try first.messages.map { try unpacked($0, .gzip) } == [dull + dull])
    #expect(pieces.connection.session.queuedBytes == 0)

    let spliced = try self.server(
      Unary { call in
        let value = Value(dull)
        call.reply(
          headSize: 1, { $0.append(1) }, value: UnsafeRawBufferPointer(value.buffer), owner: value,
          tailSize: 1, { $0.append(2) })
      })
    let second = try spliced.answer("/t.S/M", self.acceptsGzip, body: framed([]))
    #expect(second.flag == 1)
    #expect(try second.messages.map { try unpacked($0, .gzip) } == [[1] + dull + [2]])
  }

  @Test func `a handler may ask for another encoding, or for none`() throws {
    let dull = self.dull
    for (configured, asked) in [(.identity, .gzip), (.gzip, .deflate), (.gzip, .identity)]
      as [(MessageEncoding, MessageEncoding)]
    {
      let service = Unary { call in
        call.setCompression(asked)
        call.reply(dull)
      }
      let server = try self.server(service, MessageCompression(configured))
      let all = [("grpc-accept-encoding", "gzip,deflate")]
      let answer = try server.answer("/t.S/M", all, body: framed([]))
      #expect(answer.head["grpc-encoding"] == (asked == .identity ? nil : asked.rawValue))
      #expect(answer.flag == (asked == .identity ? 0 : 1))
      #expect(try server.answer(body: framed([])).messages == [dull])
    }
  }
}

extension EmbeddedServer {
  /// How often `limit` was reached.
  fileprivate func hits(_ limit: PeerLimit) -> Int {
    let index = PeerLimit.allCases.firstIndex(of: limit) ?? 0
    return self.connection.resources.limitHits.all[index]
  }
}
