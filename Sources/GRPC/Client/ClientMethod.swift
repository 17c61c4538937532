internal import HTTP2
internal import NIOCore
internal import Synchronization

/// A method as its callers name it: the head of its requests, laid out once and used by every call
/// on every event loop.
public final class ClientMethod: Sendable {
  /// Heads with a timeout that are kept. Callers use few timeouts, and `Timeout.coarse` makes what
  /// is left of them few values.
  static let timeoutsMax = 8

  private struct TimeoutHead {
    let timeout: TimeAmount
    let head: HeaderList
  }

  private struct TimeoutHeads {
    var heads: [TimeoutHead] = []
    /// The next to be replaced.
    var oldest = 0
  }

  /// Such as `/larder.v1.Cache/Get`.
  public let path: String
  private let authority: String
  private let userAgent: String
  /// Sent with every call of the method.
  private let metadata: Metadata
  private let scheme: String
  private let takesCompressed: Bool
  /// What the messages of calls may be compressed with.
  let encoding: MessageEncoding
  private let plain: HeaderList
  private let withTimeout = Mutex(TimeoutHeads())

  /// - Parameters:
  ///   - path: such as `/larder.v1.Cache/Get`.
  ///   - authority: whom the call is for, as `host:port`.
  ///   - userAgent: empty: none is sent, which spares each call a header.
  ///   - metadata: sent with every call, such as a bearer token; unlike a call's own it costs the
  ///     call nothing.
  ///   - encoding: what messages are compressed with that the configuration of their connection has
  ///     the size for; `.identity`: none.
  ///   - takesCompressed: the server is told which encodings its answers may have; without, it sends
  ///     them as they are, and each call is spared a header.
  ///   - isEncrypted: for connections with TLS.
  ///   - isImmortal: the method is called for as long as the process runs. Its head is never freed,
  ///     which spares each call a copy of it.
  public init(
    path: String, authority: String, userAgent: String = ClientConfiguration.defaultUserAgent,
    metadata: Metadata = Metadata(), encoding: MessageEncoding = .identity,
    takesCompressed: Bool = true, isEncrypted: Bool = false, isImmortal: Bool = true
  ) {
    self.path = path
    self.authority = authority
    self.userAgent = userAgent
    self.metadata = metadata
    self.encoding = encoding
    self.takesCompressed = takesCompressed
    self.scheme = isEncrypted ? "https" : "http"
    self.plain = HeaderList(
      Self.fields(
        self.scheme, path, authority, userAgent, encoding, takesCompressed, timeout: nil)
        + metadata.headerFields,
      isImmortal: isImmortal)
  }

  /// The head of one call. Without metadata, and with a timeout that was used lately or none, it is
  /// there already.
  func head(timeout: TimeAmount?, metadata: Metadata) -> HeaderList {
    guard metadata.isEmpty else {
      return HeaderList(self.fields(timeout: timeout) + metadata.headerFields)
    }
    guard let timeout else { return self.plain }
    return self.head(timeout: Timeout.coarse(timeout))
  }

  private func head(timeout: TimeAmount) -> HeaderList {
    self.withTimeout.withLock { cache in
      for index in cache.heads.indices where cache.heads[index].timeout == timeout {
        return cache.heads[index].head
      }
      // Not immortal, since it can be replaced; nghttp2 copies it into pooled memory.
      let head = HeaderList(self.fields(timeout: timeout))
      let new = TimeoutHead(timeout: timeout, head: head)
      if cache.heads.count < Self.timeoutsMax {
        cache.heads.append(new)
      } else {
        cache.heads[cache.oldest] = new
        cache.oldest = (cache.oldest + 1) % Self.timeoutsMax
      }
      return new.head
    }
  }

  private func fields(timeout: TimeAmount?) -> [(name: String, value: [UInt8])] {
    Self.fields(
      self.scheme, self.path, self.authority, self.userAgent, self.encoding,
      self.takesCompressed, timeout: timeout)
      + self.metadata.headerFields
  }

  /// In the order of PROTOCOL-HTTP2.md, "Requests".
  private static func fields(
    _ scheme: String, _ path: String, _ authority: String, _ userAgent: String,
    _ encoding: MessageEncoding, _ takesCompressed: Bool, timeout: TimeAmount?
  ) -> [(name: String, value: [UInt8])] {
    var fields = [
      (":method", "POST"), (":scheme", scheme), (":path", path), (":authority", authority),
      ("te", "trailers"),
    ]
    if let timeout { fields.append(("grpc-timeout", Timeout.format(timeout))) }
    fields.append(("content-type", "application/grpc"))
    if encoding != .identity { fields.append(("grpc-encoding", encoding.rawValue)) }
    if takesCompressed { fields.append(("grpc-accept-encoding", MessageEncoding.accepted)) }
    if !userAgent.isEmpty { fields.append(("user-agent", userAgent)) }
    return fields.map { (name: $0.0, value: Array($0.1.utf8)) }
  }
}
