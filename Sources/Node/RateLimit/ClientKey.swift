internal import Glibc
internal import NIOCore

/// Who counts as one client.
enum ClientKey: Hashable, Sendable {
  /// A caller that the node knows, from wherever it calls.
  case caller(String)
  case v4(UInt32)
  /// The first 64 bits of an IPv6 address: a machine has all addresses that share them (RFC 4291,
  /// section 2.5.4; RFC 8981), and could otherwise be a new client at will.
  case v6(UInt64)
  /// Everybody whose address is no IP address.
  case other

  /// - Parameter address: the peer's.
  init(_ address: SocketAddress?) {
    guard let text = address?.ipAddress else {
      self = .other
      return
    }
    // The bytes of an in_addr and of an in6_addr.
    var v4: UInt32 = 0
    var v6: (UInt64, UInt64) = (0, 0)
    if inet_pton(AF_INET, text, &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4))
    } else if inet_pton(AF_INET6, text, &v6) == 1 {
      let (high, low) = (UInt64(bigEndian: v6.0), UInt64(bigEndian: v6.1))
      // An IPv4 client of a listener on all IPv6 interfaces (RFC 4291, section 2.5.5.2).
      let isIPv4 = high == 0 && low >> 32 == 0xffff
      self = isIPv4 ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high)
    } else {
      self = .other
    }
  }
}
