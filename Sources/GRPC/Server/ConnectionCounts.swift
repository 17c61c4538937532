internal import NIOCore
internal import Synchronization

/// How many connections a server has, and from where. Used from every loop, once when a connection
/// comes and once when it goes.
final class ConnectionCounts: Sendable {
  private struct State {
    var open = 0
    var byOrigin: [Origin: Int] = [:]
  }

  private let connectionsMax: Int
  private let connectionsPerAddressMax: Int
  private let state = Mutex(State())

  init(connectionsMax: Int, connectionsPerAddressMax: Int) {
    self.connectionsMax = connectionsMax
    self.connectionsPerAddressMax = connectionsPerAddressMax
  }

  /// Connections open now.
  var open: Int { self.state.withLock { $0.open } }

  /// Counts a connection, which says `close` when it ends; or names the limit that it would be over.
  func open(from origin: Origin?) -> PeerLimit? {
    self.state.withLock { state in
      guard state.open < self.connectionsMax else { return .connectionsMax }
      if let origin {
        let open = state.byOrigin[origin, default: 0]
        guard open < self.connectionsPerAddressMax else { return .connectionsPerAddressMax }
        state.byOrigin[origin] = open + 1
      }
      state.open += 1
      return nil
    }
  }

  func close(from origin: Origin?) {
    self.state.withLock { state in
      state.open -= 1
      guard let origin, let open = state.byOrigin[origin] else { return }
      state.byOrigin[origin] = open > 1 ? open - 1 : nil
    }
  }
}

/// Where connections come from, as far as it can be told apart: an IPv4 address, or the first 64 bits
/// of an IPv6 address, of which a single host has all that begin with them.
struct Origin: Hashable {
  private let isIPv4: Bool
  private let bits: UInt64

  /// Nil where connections have no address, as on a Unix socket.
  init?(_ address: SocketAddress?) {
    guard let address, address.protocol == .inet || address.protocol == .inet6 else { return nil }
    // Family and port; for IPv6 the flow label; then the address (struct sockaddr_in and _in6).
    let bytes = address.withSockAddr { pointer, size in
      let all = UnsafeRawBufferPointer(start: pointer, count: size)
      return address.protocol == .inet ? Array(all[4..<8]) : Array(all[8..<24])
    }
    // ::ffff:a.b.c.d is an IPv4 address on an IPv6 socket (RFC 4291, section 2.5.5.2).
    let isMapped =
      bytes.count == 16 && bytes.prefix(10).allSatisfy { $0 == 0 }
      && bytes[10...11] == [0xff, 0xff]
    self.isIPv4 = bytes.count == 4 || isMapped
    self.bits = (isMapped ? bytes[12...] : bytes.prefix(8)).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
