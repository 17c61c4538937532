internal import Glibc

/// A TCP address as people write it: `127.0.0.1:7600`, `[::1]:7600`, `cache-1.internal:7600`.
///
/// Names are checked for their form and not looked up; that happens when the address is used.
public struct HostPort: Sendable, Hashable {
  /// Of a DNS name (RFC 1035, section 2.3.4, without the length octets of root and first label).
  public static let nameBytesMax = 253
  /// Of one label of a DNS name (RFC 1035, section 2.3.4).
  public static let labelBytesMax = 63

  /// An IPv4 address, an IPv6 address without its brackets, or a name.
  public let host: String
  /// 0...65535. 0 lets the system choose a free port where the address is bound.
  public let port: Int

  /// An address whose parts are known to be good.
  ///
  /// - Parameters:
  ///   - host: As `host`; not checked.
  ///   - port: 0...65535; traps outside.
  public init(host: String, port: Int) {
    precondition((0...65_535).contains(port), "a port is 0...65535")
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT`; an IPv6 host stands in brackets.
  public init(parsing text: String) throws(HostPortError) {
    let (host, port) = try Self.split(text)
    guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy(isDigit),
      let number = Int(port), number <= 65_535
    else { throw port.isEmpty ? .portMissing : .portInvalid }
    self.init(host: host, port: number)
  }

  /// True for `0.0.0.0` and `::`, which one can listen on but nobody can call.
  public var isWildcard: Bool {
    self.host == "0.0.0.0" || self.host == "::"
  }

  /// True where only this machine can reach the address: `127.0.0.0/8` (RFC 1122, section 3.2.1.3),
  /// `::1` and `localhost` (RFC 6761, section 6.3). Of other names nothing is known.
  public var isLoopback: Bool {
    self.host == "::1" || self.host.lowercased() == "localhost"
      || (isIPv4(self.host) && self.host.hasPrefix("127."))
  }

  /// One spelling for all of the same address: a name in lower case, an
  /// IPv6 address as RFC 5952 has it, and an IPv4 address within one (RFC 4291, section 2.5.5.2) as it
  /// is. Whether two names are one machine is not looked at.
  var canonical: HostPort {
    var address = in6_addr()
    guard self.host.contains(":"), inet_pton(AF_INET6, self.host, &address) == 1 else {
      return HostPort(host: self.host.lowercased(), port: self.port)
    }
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count)) != nil else {
      preconditionFailure("an address has a text, and this buffer has room for each")
    }
    let text = String(
      decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let mapped = "::ffff:"
    let isMapped = text.hasPrefix(mapped) && text.contains(".")
    return HostPort(host: isMapped ? String(text.dropFirst(mapped.count)) : text, port: self.port)
  }

  private static func split(_ text: String) throws(HostPortError) -> (host: String, port: String) {
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]") else { throw .hostInvalid }
      let host = String(text[text.index(after: text.startIndex)..<close])
      let rest = text[text.index(after: close)...]
      guard isIPv6(host) else { throw .hostInvalid }
      guard rest.hasPrefix(":") else { throw .portMissing }
      return (host, String(rest.dropFirst()))
    }
    guard let colon = text.lastIndex(of: ":") else { throw .portMissing }
    let host = String(text[..<colon])
    guard !host.isEmpty else { throw .hostMissing }
    guard !host.contains(":") else { throw .bracketsMissing }
    guard isIPv4(host) || isName(host) else { throw .hostInvalid }
    return (host, String(text[text.index(after: colon)...]))
  }
}

extension HostPort: CustomStringConvertible {
  /// `HOST:PORT`, an IPv6 host in brackets; parsing it gives the same address back.
  public var description: String {
    self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
  }
}

/// Why a text is no `HOST:PORT`.
public enum HostPortError: Error, Sendable, Hashable {
  /// Nothing stands before the colon.
  case hostMissing
  /// What stands before the colon is neither an address nor a name.
  case hostInvalid
  /// More than one colon outside brackets.
  case bracketsMissing
  /// No colon, or nothing after it.
  case portMissing
  /// Not a decimal number of 0...65535.
  case portInvalid
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isIPv4(_ host: String) -> Bool {
  var address = in_addr()
  return inet_pton(AF_INET, host, &address) == 1
}

/// Accepts a zone (`fe80::1%eth0`, RFC 4007), which inet_pton does not know.
private func isIPv6(_ host: String) -> Bool {
  let parts = host.split(separator: "%", omittingEmptySubsequences: false)
  guard parts.count == 1 || (parts.count == 2 && isLabel(parts[1])) else { return false }
  var address = in6_addr()
  return inet_pton(AF_INET6, String(parts[0]), &address) == 1
}

/// A name whose last label is all digits would be an IPv4 address (WHATWG URL, "ends in a number"):
/// `300.1.1.1` and `10.1` are typing errors, not names.
private func isName(_ host: String) -> Bool {
  let labels = host.split(separator: ".", omittingEmptySubsequences: false)
  guard host.utf8.count <= HostPort.nameBytesMax, labels.allSatisfy(isLabel) else { return false }
  return labels.last?.utf8.allSatisfy(isDigit) == false
}

/// Underscores are not RFC 1123, but container tools put them into the names of their services.
private func isLabel(_ label: Substring) -> Bool {
  (1...HostPort.labelBytesMax).contains(label.utf8.count)
    && label.utf8.allSatisfy { byte in
      isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
