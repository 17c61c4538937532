internal import CacheStore
public import GRPC
internal import Logging
internal import NIOCore

/// What a call between nodes says of its sender's clock: `VERSION;NODE-ID`, the newest version that the
/// sender has given out or seen, in decimal. The receiver's own versions are newer from then on: hybrid
/// logical clocks (Kulkarni et al., 2014), so that of two nodes that own a key one after the other the
/// second does not count below the first.
struct PeerClock: CustomStringConvertible {
  /// What one event loop has heard.
  struct Heard {
    /// What is no newer needs no second look.
    var newest = Version.none
    /// Nil: all were taken over.
    var refusedAt: NIODeadline?
  }

  static let metadataName: StaticString = "larder-clock"
  /// People are told of a clock that is refused once in this time.
  static let complaintInterval: TimeAmount = .minutes(1)

  let version: Version
  let nodeID: String

  init(_ version: Version, of nodeID: String) {
    self.version = version
    self.nodeID = nodeID
  }

  var description: String { "\(self.version.rawValue);\(self.nodeID)" }

  /// Only the version, which is looked at in every call; nil: the text is no clock.
  static func version(of text: RawSpan) -> Version? {
    var value: UInt64 = 0
    for index in 0..<text.byteCount {
      // The index is below the count.
      let byte = text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if byte == UInt8(ascii: ";") { return index > 0 ? Version(rawValue: value) : nil }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isAbove) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !isOver, !isAbove else { return nil }
      value = sum
    }
    return nil
  }

  /// The whole text; only for those who are told of it.
  static func nodeID(of text: RawSpan) -> String {
    let whole = text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    return whole.split(separator: ";", maxSplits: 1).last.map(String.init) ?? ""
  }
}

// The clocks of the peers.
extension LoopForwarder {
  /// Takes over the clock of the peer that makes this call, unless it is too far ahead.
  public func heedClock(of call: borrowing UnaryCall) {
    guard let clock = self.configuration.clock,
      let text = call.metadata.first(PeerClock.metadataName),
      let version = PeerClock.version(of: text), version > self.clockHeard.newest
    else { return }
    let wall = WallClock.milliseconds()
    let skewMax = UInt64(max(0, self.configuration.clockSkewMax.nanoseconds / 1_000_000))
    guard clock.merge(version, wallMilliseconds: wall, skewMaxMilliseconds: skewMax) else {
      call.count(.clockSkewMax)
      return self.complain(PeerClock.nodeID(of: text), version.milliseconds - wall, call.now)
    }
    self.clockHeard.newest = version
  }

  private func complain(_ nodeID: String, _ aheadMilliseconds: UInt64, _ now: NIODeadline) {
    if let last = self.clockHeard.refusedAt, now - last < PeerClock.complaintInterval { return }
    self.clockHeard.refusedAt = now
    self.logger.error(
      "the clock of another node is too far ahead and is not followed: set it right",
      metadata: [
        "node": "\(nodeID)", "ahead-ms": "\(aheadMilliseconds)",
        "clock-skew-max-ms": "\(self.configuration.clockSkewMax.nanoseconds / 1_000_000)",
      ])
  }

  /// Has calls on the links in use say what the clock is now.
  func tellClock() {
    for links in self.links {
      for link in links where link.connection != nil { link.go(by: self.table, self.credentials) }
    }
  }
}
