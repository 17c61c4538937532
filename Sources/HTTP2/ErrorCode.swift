/// An HTTP/2 error code (RFC 9113, section 7), as RST_STREAM and GOAWAY carry it.
public struct ErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let noError = Self(rawValue: 0x0)
  public static let protocolError = Self(rawValue: 0x1)
  public static let internalError = Self(rawValue: 0x2)
  public static let flowControlError = Self(rawValue: 0x3)
  public static let settingsTimeout = Self(rawValue: 0x4)
  public static let streamClosed = Self(rawValue: 0x5)
  public static let frameSizeError = Self(rawValue: 0x6)
  public static let refusedStream = Self(rawValue: 0x7)
  public static let cancel = Self(rawValue: 0x8)
  public static let compressionError = Self(rawValue: 0x9)
  public static let connectError = Self(rawValue: 0xa)
  public static let enhanceYourCalm = Self(rawValue: 0xb)
  public static let inadequateSecurity = Self(rawValue: 0xc)
  public static let http11Required = Self(rawValue: 0xd)

  private static let names = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
    "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
    "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
  ]

  /// The name the RFC gives it, or the number.
  public var description: String {
    self.rawValue < Self.names.count
      ? Self.names[Int(self.rawValue)] : "error code \(self.rawValue)"
  }
}

/// Why a session cannot go on. The connection is to be closed once the output is written.
public enum SessionError: Error, Hashable {
  /// The first bytes were not the HTTP/2 client preface.
  case badPreface
  /// The peer ran into a limit that ends the connection. GOAWAY is queued.
  case limitReached(SessionLimit)
  /// The peer broke the protocol in a way that ends the connection.
  case protocolViolation
  /// libnghttp2 found no memory.
  case outOfMemory
}
