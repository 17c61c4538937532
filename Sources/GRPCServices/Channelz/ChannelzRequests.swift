public import Wire

/// `GetServersRequest` and `GetTopChannelsRequest` of `grpc.channelz.v1`, which are the same on the
/// wire: one page of what is sorted by id.
public struct ChannelzPageRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// The lowest id of the page.
  public var start: Int64
  /// The longest page; 0: the server chooses. Negative is not allowed.
  public var maxResults: Int64

  /// Asks for the page that begins at `start`.
  public init(start: Int64 = 0, maxResults: Int64 = 0) {
    self.start = start
    self.maxResults = maxResults
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.start = try reader.int64(field)
      case 2: self.maxResults = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.start)
    sink.int64(field: 2, self.maxResults)
  }
}

/// `grpc.channelz.v1.GetServerSocketsRequest`.
public struct GetServerSocketsRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// The server whose sockets are asked for.
  public var server: Int64
  /// Which of them.
  public var page: ChannelzPageRequest

  /// Asks for a page of the sockets of `server`.
  public init(server: Int64 = 0, page: ChannelzPageRequest = ChannelzPageRequest()) {
    self.server = server
    self.page = page
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.server = try reader.int64(field)
      case 2: self.page.start = try reader.int64(field)
      case 3: self.page.maxResults = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.server)
    sink.int64(field: 2, self.page.start)
    sink.int64(field: 3, self.page.maxResults)
  }
}

/// The requests of `grpc.channelz.v1` that ask for one thing by its id, which is field 1 of each.
public struct ChannelzIDRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of a server, channel, subchannel or socket.
  public var id: Int64

  /// Asks for what is known by `id`.
  public init(id: Int64 = 0) { self.id = id }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.id = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.id)
  }
}
