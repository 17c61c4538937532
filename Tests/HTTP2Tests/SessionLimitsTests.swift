import HTTP2
import TestSupport
import Testing

/// A server's session that is fed raw frames.
private func server(_ change: (inout SessionConfiguration) -> Void = { _ in }) -> Session {
  var configuration = SessionConfiguration()
  change(&configuration)
  return Session(role: .server, configuration: configuration)
}

/// The error that `bytes` end `session` with, or nil.
private func failure(of session: Session, _ bytes: [UInt8]) -> SessionError? {
  do throws(SessionError) {
    try session.receive(bytes)
    return nil
  } catch {
    return error
  }
}

@Suite struct SessionHeaderLimitTests {
  /// RFC 9113 section 6.5.2: the bytes of name and value, and 32 for each field.
  private static let requestBytes =
    request.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 32 }

  @Test func `a header list at its byte limit is taken, and one a byte over it is marked`() throws {
    for (excess, isTooLarge) in [(0, false), (1, true)] {
      let session = server { $0.headerListMaxBytes = 400 }
      let value = String(repeating: "v", count: 400 - Self.requestBytes - 32 - 1 + excess)
      try session.receive(
        Frame.clientHello
          + Frame.bytes(
            type: 0x1, flags: Frame.endHeaders | Frame.endStream, stream: 1,
            Frame.hpack(request) + Frame.hpack(["n": value])))
      let stream = try #require(session.nextReady())
      #expect(stream.isHeaderListTooLarge == isTooLarge)
      #expect((texts(stream.headFields)["n"] == value) == !isTooLarge)
    }
  }

  @Test func `a header list at its field limit is taken, and one with a field more is marked`()
    throws
  {
    for (fields, isTooLarge) in [(12, false), (13, true)] {
      let session = server { $0.headersMax = 16 }
      var block = Frame.hpack(request)
      for index in 0..<fields { block += Frame.hpack(["n\(index)": ""]) }
      try session.receive(
        Frame.clientHello
          + Frame.bytes(
            type: 0x1, flags: Frame.endHeaders | Frame.endStream, stream: 1, block))
      let stream = try #require(session.nextReady())
      #expect(stream.isHeaderListTooLarge == isTooLarge)
    }
  }

  @Test func `trailers over the limit are marked too`() throws {
    let session = server { $0.headersMax = 4 }
    var block: [UInt8] = []
    for index in 0..<5 { block += Frame.hpack(["n\(index)": ""]) }
    try session.receive(
      Frame.clientHello + Frame.headers(stream: 1, request)
        + Frame.bytes(type: 0x1, flags: Frame.endHeaders | Frame.endStream, stream: 1, block))
    let stream = try #require(session.nextReady())
    #expect(stream.isHeaderListTooLarge && stream.isEndReceived)
  }

  @Test func `the count starts anew with each header block`() throws {
    let session = server { $0.headerListMaxBytes = 400 }
    try session.receive(Frame.clientHello)
    for id: UInt32 in [1, 3, 5, 7] {
      try session.receive(Frame.headers(stream: id, request, endStream: true))
      let stream = try #require(session.nextReady())
      #expect(!stream.isHeaderListTooLarge)
      session.done(stream)
    }
  }
}

@Suite struct SessionLimitsTests {
  @Test func `anything but the client preface is a bad preface`() {
    #expect(failure(of: server(), Array("GET / HTTP/1.1\r\n\r\n".utf8)) == .badPreface)
    #expect(failure(of: server(), [0x16, 0x03, 0x01]) == .badPreface)
    var preface = Frame.preface
    preface[23] = UInt8(ascii: "\r")
    #expect(failure(of: server(), preface) == .badPreface)
  }

  @Test func `a preface cut at each byte is waited for`() throws {
    for cut in 0..<Frame.preface.count {
      let session = server()
      try session.receive(Array(Frame.preface[..<cut]))
      try session.receive(Array(Frame.preface[cut...]) + Frame.settings())
      #expect(session.isPeerReady)
    }
  }

  @Test func `a preface that no SETTINGS follow ends the session with PROTOCOL_ERROR`() throws {
    let session = server()
    try session.receive(Frame.preface + Frame.ping())
    let goAways = SentFrame.all(in: try session.pullAll()).goAways
    #expect(goAways.first?.code == ErrorCode.protocolError.rawValue)
    #expect(!session.wantsRead && !session.isPeerReady)
  }

  @Test func `garbage after the preface ends the session, whatever it is`() throws {
    var random: UInt64 = 7
    for _ in 0..<200 {
      let garbage = (0..<500).map { _ in
        // Wrapping is what the generator is.
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: random >> 33)
      }
      let session = server()
      // A length of random bytes may promise more than there are: padded with zeroes to a frame.
      let bytes = Frame.clientHello + garbage + [UInt8](repeating: 0, count: 40_000)
      let error = failure(of: session, bytes)
      let sent = error == nil ? try session.pullAll() : []
      #expect(error != nil || SentFrame.all(in: sent).goAways.count == 1)
    }
  }

  @Test func `a frame longer than announced ends the session with FRAME_SIZE_ERROR`() throws {
    let session = server()
    let atLimit = Frame.bytes(type: 0xfa, [UInt8](repeating: 0, count: 16_384))
    try session.receive(Frame.clientHello + atLimit)
    #expect(SentFrame.all(in: try session.pullAll()).goAways.isEmpty)
    try session.receive(Frame.bytes(type: 0xfa, [UInt8](repeating: 0, count: 16_385)))
    let goAways = SentFrame.all(in: try session.pullAll()).goAways
    #expect(goAways.first?.code == ErrorCode.frameSizeError.rawValue)
    #expect(!session.wantsRead && !session.wantsWrite)
  }

  @Test func `a stream over the limit is refused before the client knows of it`() throws {
    let session = server { $0.streamsMax = 2 }
    try session.receive(Frame.clientHello)
    for id: UInt32 in [1, 3, 5] { try session.receive(Frame.headers(stream: id, request)) }
    #expect(session.liveStreams == 2)
    let frames = SentFrame.all(in: try session.pullAll())
    #expect(frames.of(5).resetCodes == [ErrorCode.refusedStream.rawValue])
    #expect(frames.of(1).isEmpty && frames.of(3).isEmpty)
  }

  @Test func `a stream over the limit that the client has acknowledged ends the session`() throws {
    let session = server { $0.streamsMax = 2 }
    try session.receive(Frame.clientHello)
    _ = try session.pullAll()
    try session.receive(Frame.settingsAcknowledgement())
    for id: UInt32 in [1, 3] { try session.receive(Frame.headers(stream: id, request)) }
    #expect(SentFrame.all(in: try session.pullAll()).goAways.isEmpty)
    try session.receive(Frame.headers(stream: 5, request))
    let goAways = SentFrame.all(in: try session.pullAll()).goAways
    #expect(goAways.first?.code == ErrorCode.protocolError.rawValue)
    #expect(!session.wantsRead)
  }

  @Test func `the limits are announced in the server's SETTINGS`() throws {
    let session = server {
      $0.streamsMax = 77
      $0.streamWindowBytes = 123_456
      $0.headerListMaxBytes = 9_999
    }
    let settings = try #require(SentFrame.all(in: try session.pullAll()).first)
    #expect(settings.type == 0x4)
    var entries: [[UInt8]: [UInt8]] = [:]
    for start in stride(from: 0, to: settings.payload.count, by: 6) {
      entries[Array(settings.payload[start..<start + 2])] =
        Array(settings.payload[start + 2..<start + 6])
    }
    #expect(entries[[0, 3]] == [0, 0, 0, 77])
    #expect(entries[[0, 4]] == [0, 0x01, 0xe2, 0x40])
    #expect(entries[[0, 6]] == [0, 0, 0x27, 0x0f])
    // SETTINGS_NO_RFC7540_PRIORITIES (RFC 9218, section 2.1).
    #expect(entries[[0, 9]] == [0, 0, 0, 1])
  }

  @Test func `PINGs up to the limit of unsent acknowledgements are taken, and one more floods`()
    throws
  {
    let session = server {
      $0.outboundAcksMax = 10
      $0.pingIntervalMinNanoseconds = 0
    }
    try session.receive(Frame.clientHello)
    _ = try session.pullAll()
    for _ in 0..<10 { try session.receive(Frame.ping()) }
    #expect(failure(of: session, Frame.ping()) == .limitReached(.outboundAcks))
    let goAway = try #require(SentFrame.all(in: try session.pullAll()).goAways.first)
    #expect(goAway.code == ErrorCode.enhanceYourCalm.rawValue)
    #expect(goAway.debugText == SessionLimit.outboundAcks.goAwayText)
  }

  @Test func `PINGs whose acknowledgements are sent do not count as a flood`() throws {
    let session = server {
      $0.outboundAcksMax = 10
      $0.pingIntervalMinNanoseconds = 0
    }
    try session.receive(Frame.clientHello)
    for _ in 0..<100 {
      try session.receive(Frame.ping())
      let acks = SentFrame.all(in: try session.pullAll()).filter(\.isPing)
      #expect(acks.count == 1)
    }
  }

  @Test func `SETTINGS up to the limit of unsent acknowledgements are taken, and one more floods`()
    throws
  {
    let session = server { $0.outboundAcksMax = 10 }
    try session.receive(Frame.clientHello)
    _ = try session.pullAll()
    for _ in 0..<10 { try session.receive(Frame.settings()) }
    #expect(failure(of: session, Frame.settings()) == .limitReached(.outboundAcks))
    let goAway = try #require(SentFrame.all(in: try session.pullAll()).goAways.first)
    #expect(goAway.code == ErrorCode.enhanceYourCalm.rawValue)
    #expect(goAway.debugText == SessionLimit.outboundAcks.goAwayText)
  }
}
