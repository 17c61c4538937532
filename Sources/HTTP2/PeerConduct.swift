/// What a client may do to a server beyond making calls, and how much of it. No I/O and no clock:
/// time is an argument, in nanoseconds of uptime.
///
/// Frames that bring a call, or a part of its body, cost nothing here, and so do the answers to them.
/// All others are paid for from budgets that honest clients do not come near. What a call brings in
/// also pays: clients send WINDOW_UPDATE and PING in step with what they receive, however fast that
/// is.
struct PeerConduct {
  enum Offence: Equatable {
    case limit(SessionLimit)
    /// HEADERS on a stream that the client has passed over: a connection error of type
    /// PROTOCOL_ERROR (RFC 9113, section 5.1.1), which libnghttp2 does not find.
    case streamPassedOver
  }

  /// Control frames that each HEADERS and DATA of ours pays for: WINDOW_UPDATE for the stream and
  /// for the connection.
  private static let earnedByFrameSent = 2
  /// Runs of stream ids that were passed over and are remembered. Honest clients hardly pass over any.
  private static let skippedRunsMax = 16

  private(set) var scanner = FrameScanner()
  private let continuationsMax: Int
  private let settingsEntriesMax: Int
  private var controlFrames: TokenBucket
  private var faults: TokenBucket
  private var streamResets: TokenBucket
  private var pings: PingStrikes
  /// CONTINUATION frames of the header block under way.
  private var continuations = 0
  /// The highest stream that the client has opened; 0: none.
  private(set) var lastStream: Int32 = 0
  private var skipped: [ClosedRange<Int32>] = []
  /// Streams that may each have one more header block: trailers.
  private var trailersLeft = 0
  /// Control frames that were paid for since the budget was last looked at.
  private var earned = 0
  /// HEADERS and DATA of ours that were paid out already.
  private var framesSent = 0

  init(_ configuration: SessionConfiguration) {
    self.continuationsMax = configuration.continuationsMax
    self.settingsEntriesMax = configuration.settingsEntriesMax
    self.controlFrames = TokenBucket(
      burst: configuration.controlFrameBurst, perSecond: configuration.controlFramesPerSecond)
    self.faults = TokenBucket(
      burst: configuration.faultBurst, perSecond: configuration.faultsPerSecond)
    self.streamResets = TokenBucket(
      burst: configuration.streamResetBurst, perSecond: configuration.streamResetsPerSecond)
    self.pings = PingStrikes(
      intervalMin: configuration.pingIntervalMinNanoseconds,
      strikesMax: configuration.pingStrikesMax)
  }

  /// Judges all that is in `bytes`, which continue what came before.
  ///
  /// - Parameter framesSent: HEADERS and DATA that we have sent so far.
  mutating func judge(
    _ bytes: UnsafeRawBufferPointer, now: UInt64, framesSent: Int
  ) -> Offence? {
    self.scanner.begin(bytes)
    var offset = 0
    while let frame = self.scanner.next(bytes, &offset) {
      if let offence = self.judge(frame, now: now, framesSent: framesSent) { return offence }
    }
    return nil
  }

  /// Streams had to be reset, `count` of them, because the client broke the protocol.
  mutating func failed(_ count: Int, now: UInt64) -> Offence? {
    self.faults.take(count, now: now) ? nil : .limit(.faults)
  }

  /// Header fields that no HTTP allows came, `count` of them, and were dropped.
  mutating func dropped(_ count: Int, now: UInt64, framesSent: Int) -> Offence? {
    self.pay(count, now: now, framesSent: framesSent)
  }

  /// Calls were refused, `count` of them, because too many were open: a client that does not know the
  /// limit yet may make a few thousand. Each has been given what a call pays for, and gives it back.
  mutating func refused(_ count: Int, now: UInt64, framesSent: Int) -> Offence? {
    self.pay(2 * count, now: now, framesSent: framesSent)
  }

  @inline(__always)
  private mutating func judge(
    _ frame: FrameHead, now: UInt64, framesSent: Int
  ) -> Offence? {
    switch frame.kind {
    case .data where frame.length > 0 && !frame.has(FrameHead.padded):
      self.earned += 1
      return nil
    case .data where frame.has(FrameHead.endStream) || frame.length > 1:
      return nil
    case .headers where frame.stream > self.lastStream:
      self.opened(frame.stream)
      self.continuations = 0
      return nil
    default:
      return self.judgeControl(frame, now: now, framesSent: framesSent)
    }
  }

  private mutating func opened(_ stream: Int32) {
    // The first id is 1, and each next one two above (RFC 9113, section 5.1.1). Ids reach 2^31 - 1:
    // two above the last may be no Int32.
    let afterLast = Int64(self.lastStream) + (self.lastStream == 0 ? 1 : 2)
    if Int64(stream) > afterLast && self.skipped.count < Self.skippedRunsMax {
      // Below `stream`, which is an Int32.
      self.skipped.append(Int32(afterLast)...stream - 1)
    }
    self.lastStream = stream
    self.trailersLeft += 1
    self.earned += 1
  }

  private mutating func judgeControl(
    _ frame: FrameHead, now: UInt64, framesSent: Int
  ) -> Offence? {
    switch frame.kind {
    case .headers:
      self.continuations = 0
      guard !self.skipped.contains(where: { $0.contains(frame.stream) }) else {
        return .streamPassedOver
      }
      guard self.trailersLeft == 0 else {
        self.trailersLeft -= 1
        return nil
      }
    case .continuation:
      self.continuations += 1
      return self.continuations <= self.continuationsMax ? nil : .limit(.continuations)
    case .resetStream:
      return self.streamResets.take(now: now) ? nil : .limit(.streamResets)
    case .settings where frame.length / 6 > self.settingsEntriesMax:
      return .limit(.settingsEntries)
    case .ping where !frame.has(FrameHead.acknowledgement):
      guard self.pings.received(now: now, framesSent: framesSent) else { return .limit(.pings) }
    case .data, .priority, .settings, .pushPromise, .ping, .goAway, .windowUpdate, nil:
      break
    }
    return self.pay(1, now: now, framesSent: framesSent)
  }

  private mutating func pay(_ count: Int, now: UInt64, framesSent: Int) -> Offence? {
    self.earned += Self.earnedByFrameSent * (framesSent - self.framesSent)
    self.framesSent = framesSent
    self.controlFrames.give(self.earned)
    self.earned = 0
    return self.controlFrames.take(count, now: now) ? nil : .limit(.controlFrames)
  }
}
