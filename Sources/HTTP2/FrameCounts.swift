internal import CNGHTTP2

/// How many frames of the kinds that tell of trouble a session has received and sent.
public struct FrameCounts: Equatable, Sendable {
  /// RST_STREAM.
  public private(set) var resetsReceived = 0
  public private(set) var resetsSent = 0
  /// GOAWAY.
  public private(set) var goAwaysReceived = 0
  public private(set) var goAwaysSent = 0
  /// PING, without acknowledgements.
  public private(set) var pingsReceived = 0
  public private(set) var pingsSent = 0

  init() {}

  mutating func received(_ head: nghttp2_frame_hd) {
    switch nghttp2_frame_type(UInt32(head.type)) {
    case NGHTTP2_RST_STREAM: self.resetsReceived += 1
    case NGHTTP2_GOAWAY: self.goAwaysReceived += 1
    case NGHTTP2_PING where !head.isAck: self.pingsReceived += 1
    default: break
    }
  }

  mutating func sent(_ head: nghttp2_frame_hd) {
    switch nghttp2_frame_type(UInt32(head.type)) {
    case NGHTTP2_RST_STREAM: self.resetsSent += 1
    case NGHTTP2_GOAWAY: self.goAwaysSent += 1
    case NGHTTP2_PING where !head.isAck: self.pingsSent += 1
    default: break
    }
  }
}

extension nghttp2_frame_hd {
  fileprivate var isAck: Bool { self.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 }
}
