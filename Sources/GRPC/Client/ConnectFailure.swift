internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Says in words why a connection did not come about or was lost.
enum ConnectFailure {
  static func status(_ error: any Error, peer: String) -> Status {
    if let status = error as? Status { return status }
    return Status(.unavailable, "cannot connect to \(peer): \(self.reason(error))")
  }

  /// Whether the server's machine said that nobody listens there; of several addresses, all did.
  static func isRefusal(_ error: any Error) -> Bool {
    switch error {
    case let error as IOError: error.errnoCode == ECONNREFUSED
    case let error as NIOConnectionError:
      !error.connectionErrors.isEmpty
        && error.connectionErrors.allSatisfy { self.isRefusal($0.error) }
    default: false
    }
  }

  /// Such as "connection refused".
  static func reason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: return self.text(errno: error.errnoCode)
    case let error as NIOConnectionError:
      // Of several addresses that all failed, the first tried is the one that people expect.
      if let first = error.connectionErrors.first { return self.reason(first.error) }
      return "the host name \(error.host) has no address"
    case is SocketAddressError: return "the host name has no address"
    case ChannelError.connectTimeout(let timeout):
      return "no answer within \(Double(timeout.nanoseconds) / 1e9) s"
    default: return TLSReason.text(error, of: nil)
    }
  }

  private static func text(errno code: CInt) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "errno \(code)" }
    let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let words = String(decoding: text, as: UTF8.self)
    return words.prefix(1).lowercased() + words.dropFirst()
  }
}
