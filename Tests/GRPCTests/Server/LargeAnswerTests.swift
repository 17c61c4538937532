import HTTP2
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// Large values that wait in the store's memory for clients that do not read them.
@Suite struct LargeAnswerTests {
  private static let head: KeyValuePairs = [
    ":method": "POST", ":scheme": "http", ":path": "/t.S/M", ":authority": "t",
    "te": "trailers", "content-type": "application/grpc",
  ]
  /// Of an answer: prefix, head, value and tail.
  private static let answerBytes = 5 + 1 + 994

  /// A connection whose client's windows are closed. A call with an empty message is answered with a
  /// large value, others with what they sent.
  private func connection(
    _ load: ServerLoad = ServerLoad(), _ change: (inout ConnectionLimits) -> Void = { _ in }
  ) throws -> EmbeddedServer {
    let service = Unary { call in
      guard call.message.byteCount == 0 else { return call.reply([1]) }
      let value = Value(pattern(994))
      call.reply(
        headSize: 1, { $0.append(1) }, value: UnsafeRawBufferPointer(value.buffer), owner: value,
        tailSize: 0, { _ in })
    }
    var limits = ConnectionLimits()
    change(&limits)
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], service)], limits: limits, load: load)
    try server.feed(Frame.preface + Frame.settings([(0x4, 0)]))
    _ = try server.frames()
    return server
  }

  private func call(_ id: UInt32, _ message: [UInt8] = []) -> [UInt8] {
    Frame.headers(stream: id, Self.head) + Frame.data(stream: id, framed(message), endStream: true)
  }

  /// Makes a call, and says whether it was refused: the head of the answer ends the stream at once.
  private func isRefused(_ call: [UInt8], _ id: UInt32, by server: EmbeddedServer) throws -> Bool {
    try server.feed(call)
    let frames = try server.frames().of(id)
    return frames.types == [0x1] && frames[0].isEnd
  }

  @Test func `a value that is not read fills the connection's room for answers like any other`()
    throws
  {
    let server = try self.connection { $0.answerBufferMaxBytes = 2 * Self.answerBytes - 1 }
    #expect(try !self.isRefused(self.call(1), 1, by: server))
    #expect(try !self.isRefused(self.call(3), 3, by: server))
    #expect(server.connection.session.queuedBytes == 2 * Self.answerBytes)
    #expect(try self.isRefused(self.call(5, [7]), 5, by: server))
    #expect(server.hits == [.answerBufferMax: 1])
    // What is read, or given up, makes room.
    try server.feed(Frame.windowUpdate(stream: 1, 500))
    #expect(server.connection.session.queuedBytes == 2 * Self.answerBytes - 500)
    #expect(server.connection.session.splicedBytes == 2 * 994 - 494)
    #expect(try !self.isRefused(self.call(7, [7]), 7, by: server))
    try server.feed(Frame.resetStream(stream: 3, code: 8))
    #expect(server.connection.session.splicedBytes == 500)
  }

  @Test func `values that nobody reads are refused to those who hold some, and to nobody else`()
    throws
  {
    let load = ServerLoad(buffersMaxBytes: 2_500)
    let (idle, reader) = (try self.connection(load), try self.connection(load))
    #expect(try !self.isRefused(self.call(1), 1, by: idle))
    #expect(try !self.isRefused(self.call(3), 3, by: idle))
    #expect(load.pinnedBytes == 2 * 994 && load.bufferedBytes == 2 * 6)
    #expect(try self.isRefused(self.call(5), 5, by: idle))
    #expect(idle.hits == [.buffersMax: 1])
    // Those who do not ask for more of them, and one that holds none.
    #expect(try !self.isRefused(self.call(7, [7]), 7, by: idle))
    #expect(try !self.isRefused(self.call(1), 1, by: reader))
    #expect(load.pinnedBytes == 3 * 994)
    #expect(try self.isRefused(self.call(3), 3, by: reader))
    try reader.feed(Frame.windowUpdate(stream: 1, 10_000))
    #expect(load.pinnedBytes == 2 * 994)
    #expect(try !self.isRefused(self.call(5), 5, by: reader))
    #expect(reader.hits == [.buffersMax: 1])

    // A connection that goes takes all of its own with it.
    _ = try idle.channel.finish(acceptAlreadyClosed: true)
    #expect(load.pinnedBytes == 994)
    _ = try reader.channel.finish(acceptAlreadyClosed: true)
    #expect(load.pinnedBytes == 0 && load.bufferedBytes == 0)
  }

  @Test func `values asked for in one read are counted before it ends`() throws {
    let load = ServerLoad(buffersMaxBytes: 2_500)
    let server = try self.connection(load)
    try server.feed((0..<10).flatMap { self.call(UInt32(2 * $0 + 1)) })
    #expect(load.pinnedBytes == 2 * 994)
    #expect(server.hits == [.buffersMax: 8])
  }
}
