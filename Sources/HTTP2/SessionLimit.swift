/// A limit of a session that a peer can only run into on purpose, or by a grave fault of its own: the
/// connection ends. The raw value is the name of its setting.
public enum SessionLimit: String, CaseIterable, Sendable {
  /// Frames that bring no call and end none.
  case controlFrames = "control-frames-per-second"
  /// Streams that had to be reset because the peer broke the protocol on them.
  case faults = "faults-per-second"
  /// Streams that the peer has reset.
  case streamResets = "stream-resets-per-second"
  /// PINGs that came too soon.
  case pings = "ping-interval-min"
  /// CONTINUATION frames in one header block.
  case continuations = "continuations-max"
  /// Entries in one SETTINGS frame.
  case settingsEntries = "settings-entries-max"
  /// What the peer makes us say while it does not read.
  case outboundAcks = "outbound-acks-max"
  /// A header list so far above its limit that it is not even worth an answer.
  case headerList = "header-list-max"

  /// What the peer is told in GOAWAY(ENHANCE_YOUR_CALM).
  public var goAwayText: String {
    switch self {
    // The words of gRFC A8: clients look for them, and double their keepalive interval.
    case .pings: "too_many_pings"
    case .controlFrames: "too many frames without a call: above \(self.rawValue)"
    case .faults: "too many broken streams: above \(self.rawValue)"
    case .streamResets: "too many streams reset: above \(self.rawValue)"
    case .continuations: "too many CONTINUATION frames: above \(self.rawValue)"
    case .settingsEntries: "too many SETTINGS entries: above \(self.rawValue)"
    case .outboundAcks: "too much to answer and nothing is read: above \(self.rawValue)"
    case .headerList: "a header list far above \(self.rawValue)"
    }
  }
}
