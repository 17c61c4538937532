internal import NIOCore
internal import NIOSSL

/// Whom the certificate of a server must be for (RFC 9525, section 6).
///
/// NIOSSL takes a certificate for the name *or* for the address that is connected to. But whoever calls
/// a name trusts neither the look-up of its address nor what has that address today: of such a caller
/// only the name counts, which is looked at here as well.
enum ServerIdentity: Equatable {
  /// Of this DNS name.
  case name(String)
  /// Of this address, which is the one that is connected to: NIOSSL's own check says all.
  case address(String)

  /// - Parameter host: a DNS name, or an address without brackets.
  init(host: String) {
    self = Self.isAddress(host) ? .address(host) : .name(host)
  }

  /// For messages.
  var text: String {
    switch self {
    case .name(let text), .address(let text): text
    }
  }

  /// What the server is told that it is called by, and NIOSSL looks for in the certificate. Without it,
  /// the address that is connected to is looked for.
  var indicatedName: String? {
    switch self {
    case .name(let name): name
    case .address: nil
    }
  }

  /// Whether a certificate that NIOSSL has taken is for this server.
  ///
  /// - Throws: where the certificate is not what RFC 5280 describes.
  func isMet(by certificate: NIOSSLCertificate) throws -> Bool {
    switch self {
    case .name(let name):
      try CertificateNames.servers(of: certificate).contains { Self.covers($0, name) }
    case .address: true
    }
  }

  /// No DNS name has a colon; addresses with a zone, such as `fe80::1%eth0`, are known by it alone.
  static func isAddress(_ text: String) -> Bool {
    if text.contains(":") { return true }
    do {
      _ = try SocketAddress(ipAddress: text, port: 0)
      return true
    } catch {
      // It is a name, which is no error.
      return false
    }
  }

  /// Whether the DNS name of a certificate is `name`, or has a wildcard in the place of its first label
  /// and is it otherwise (RFC 9525, section 6.3).
  static func covers(_ certified: String, _ name: String) -> Bool {
    let (certified, wanted) = (Self.labels(of: certified), Self.labels(of: name))
    guard certified.count == wanted.count, wanted.allSatisfy({ !$0.isEmpty }) else { return false }
    let isWildcard = certified.count > 1 && certified[0].elementsEqual([UInt8(ascii: "*")])
    return certified.dropFirst(isWildcard ? 1 : 0) == wanted.dropFirst(isWildcard ? 1 : 0)
  }

  /// In lower case, where ASCII has any: names of other characters are written in it (RFC 5890), and
  /// none that only looks like another may pass for it. The root's label, which is empty, is no part of
  /// it.
  private static func labels(of name: String) -> [ArraySlice<UInt8>] {
    let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
    var bytes = name.utf8.map { capitals.contains($0) ? $0 | 0x20 : $0 }
    if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
    return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  }
}
