public import HTTP2

/// What one side has received on one stream.
public struct Exchange: Sendable {
  public var head: [String: String] = [:]
  public var trailers: [String: String] = [:]
  public var body: [UInt8] = []
  public var isHeadReceived = false
  public var isEndReceived = false
  public var isHeaderListTooLarge = false
  public var closeCode: ErrorCode?

  public init() {}
}

/// Reads everything that comes on the streams of one session, as the layer above would.
public final class Collector {
  public private(set) var exchanges: [Int32: Exchange] = [:]
  /// Whether the peer is credited for what it sends; a reader that does not leaves its window shut.
  public var creditsPeer = true

  public init() {}

  public subscript(id: Int32) -> Exchange { self.exchanges[id] ?? Exchange() }

  /// Takes over what `stream` has received since it was last ready.
  public func take(_ stream: HTTP2.Stream, in session: Session) {
    // Taken out meanwhile, so that the body grows in place.
    var exchange = self.exchanges.removeValue(forKey: stream.id) ?? Exchange()
    exchange.isHeadReceived = stream.isHeadReceived
    exchange.isEndReceived = stream.isEndReceived
    exchange.isHeaderListTooLarge = stream.isHeaderListTooLarge
    exchange.closeCode = stream.closeCode
    exchange.head = texts(stream.headFields)
    exchange.trailers = texts(stream.trailerFields)
    exchange.body += stream.inboundBuffer
    stream.discardInbound()
    if self.creditsPeer { session.credit(stream) }
    self.exchanges[stream.id] = exchange
  }
}

/// Names and values as text; of a name that repeats, the last.
public func texts(_ fields: HeaderFields) -> [String: String] {
  var fields = fields
  var texts: [String: String] = [:]
  while let field = fields.next() {
    let name = field.name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    texts[name] = field.value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
  return texts
}
