public import HTTP2

/// A client's and a server's session, joined in memory.
public final class SessionPair {
  public let client: Session
  public let server: Session
  /// What the client has received. Its streams report their close, so nothing is missed.
  public let answers = Collector()
  /// What the server does with each ready stream.
  public var serve: (Session, HTTP2.Stream) -> Void = { session, stream in
    stream.discardInbound()
    session.credit(stream)
  }
  /// Bytes carried at a time: one drip-feeds.
  public var pieceBytes = 16 << 10
  /// All bytes that the server has sent.
  public private(set) var sentByServer: [UInt8] = []

  public init(
    client: SessionConfiguration = .init(), server: SessionConfiguration = .init()
  ) {
    self.client = Session(role: .client, configuration: client)
    self.server = Session(role: .server, configuration: server)
  }

  /// Carries bytes both ways until neither side has any left to send.
  public func run() throws(SessionError) {
    var isQuiet = false
    while !isQuiet {
      let requests = try self.client.pullAll()
      self.actOnAnswers()
      try self.server.receive(requests, pieceBytes: self.pieceBytes) { self.actOnRequests() }
      let answers = try self.server.pullAll()
      self.actOnRequests()
      self.sentByServer += answers
      try self.client.receive(answers, pieceBytes: self.pieceBytes) { self.actOnAnswers() }
      isQuiet = requests.isEmpty && answers.isEmpty
    }
  }

  /// Opens a stream from the client, with `body` and its end unless `isOpen`.
  public func request(
    _ fields: KeyValuePairs<String, String> = SessionPair.requestFields, body: [UInt8] = [],
    isOpen: Bool = false
  ) -> HTTP2.Stream? {
    guard let stream = self.client.request(head: HeaderList(text: fields)) else { return nil }
    stream.reportsClose = true
    if !body.isEmpty { self.client.append(to: stream, bytes: body) }
    if !isOpen { self.client.finish(stream) }
    return stream
  }

  /// The least that makes a request.
  public static let requestFields: KeyValuePairs = [
    ":method": "POST", ":scheme": "http", ":path": "/a.B/C", ":authority": "test",
  ]

  public func actOnRequests() {
    self.server.actOnReady { self.serve(self.server, $0) }
  }

  private func actOnAnswers() {
    self.client.actOnReady { self.answers.take($0, in: self.client) }
  }
}
