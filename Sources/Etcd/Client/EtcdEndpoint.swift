/// Where one member of an etcd is reached.
public struct EtcdEndpoint: Hashable, Sendable {
  /// A name or an address, without brackets.
  public var host: String
  /// From 1 to 65535.
  public var port: Int
  /// It is spoken to within TLS.
  public var isEncrypted: Bool

  /// A member at a host that is known already.
  public init(host: String, port: Int, isEncrypted: Bool = false) {
    self.host = host
    self.port = port
    self.isEncrypted = isEncrypted
  }

  /// What is wrong with the text of an endpoint.
  public struct Malformed: Error, Hashable, CustomStringConvertible {
    /// For people, in English, with what would be right.
    public let description: String
  }

  /// Reads `http://host:port` or `https://host:port`; the port may be left out, for 2379.
  public init(parsing text: String) throws(Malformed) {
    let isEncrypted: Bool
    var rest: Substring
    if text.hasPrefix("http://") {
      (isEncrypted, rest) = (false, text.dropFirst("http://".count))
    } else if text.hasPrefix("https://") {
      (isEncrypted, rest) = (true, text.dropFirst("https://".count))
    } else {
      throw Self.malformed(text, "it must begin with http:// or https://")
    }
    if rest.hasSuffix("/") { rest.removeLast() }
    guard let (host, port) = Self.split(rest) else {
      throw Self.malformed(text, "behind it a host and a port from 1 to 65535 must stand")
    }
    self.init(host: host, port: port, isEncrypted: isEncrypted)
  }

  /// etcd's own port for clients.
  public static let defaultPort = 2379

  private static func split(_ text: Substring) -> (host: String, port: Int)? {
    let host: Substring
    let rest: Substring
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = text[text.index(after: text.startIndex)..<end]
      rest = text[text.index(after: end)...]
    } else {
      let end = text.firstIndex(of: ":") ?? text.endIndex
      host = text[..<end]
      rest = text[end...]
    }
    guard !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
    if rest.isEmpty { return (String(host), Self.defaultPort) }
    guard rest.first == ":", rest.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = Int(rest.dropFirst()), (1...65_535).contains(port)
    else { return nil }
    return (String(host), port)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f && !"/?#@[]".utf8.contains(byte)
  }

  private static func malformed(_ text: String, _ what: String) -> Malformed {
    Malformed(
      description: "\"\(text)\" is no etcd endpoint: \(what). Expected one such as"
        + " http://127.0.0.1:2379.")
  }
}

extension EtcdEndpoint: CustomStringConvertible {
  public var description: String {
    let host = self.host.contains(":") ? "[\(self.host)]" : self.host
    return "\(self.isEncrypted ? "https" : "http")://\(host):\(self.port)"
  }
}
