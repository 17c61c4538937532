public import GRPC
internal import Synchronization
internal import Wire

/// grpc.channelz.v1.Channelz: the servers, channels and sockets of a process and what they have done
/// (gRFC A14), for grpcdebug and its like.
///
/// Shows who is connected: it belongs behind whatever guards the operator's calls.
public final class ChannelzService: UnaryService {
  /// In the order of `paths`.
  private enum Method: Int, CaseIterable {
    case getTopChannels, getServers, getServer, getServerSockets, getChannel, getSubchannel
    case getSocket

    var path: String {
      let name =
        switch self {
        case .getTopChannels: "GetTopChannels"
        case .getServers: "GetServers"
        case .getServer: "GetServer"
        case .getServerSockets: "GetServerSockets"
        case .getChannel: "GetChannel"
        case .getSubchannel: "GetSubchannel"
        case .getSocket: "GetSocket"
        }
      return "/\(ChannelzService.service)/\(name)"
    }
  }

  private struct Member {
    weak var server: Server?
  }

  /// The service's full name.
  public static let service = "grpc.channelz.v1.Channelz"
  /// How long a page is where the client leaves it to us.
  public static let pageDefault = 100
  /// The longest page; a client that asks for more is given this many.
  public static let pageMax = 500

  private let channels: ChannelRegistry
  private let servers = Mutex<[Member]>([])

  /// - Parameter channels: the client channels that are shown.
  public init(channels: ChannelRegistry) { self.channels = channels }

  /// Shows `server`, which serves this service or another.
  public func show(_ server: Server) {
    self.servers.withLock { $0.append(Member(server: server)) }
  }

  /// The calls of the service, for a `Server`.
  public var registrations: [ServiceRegistration] {
    [.unary(paths: Method.allCases.map(\.path), self)]
  }

  public func serve(_ call: borrowing UnaryCall) {
    guard let method = Method(rawValue: call.method) else {
      preconditionFailure("a method that was not registered")
    }
    do throws(WireError) {
      switch method {
      case .getTopChannels:
        let page = try ChannelzPageRequest(decoding: call.message)
        call.answer { () throws(Status) in try await self.topChannels(page) }
      case .getServers:
        let page = try ChannelzPageRequest(decoding: call.message)
        call.answer { () throws(Status) in try await self.serverPage(page) }
      case .getServerSockets:
        let request = try GetServerSocketsRequest(decoding: call.message)
        call.answer { () throws(Status) in try await self.sockets(request) }
      case .getServer:
        let id = try ChannelzIDRequest(decoding: call.message).id
        call.answer { () throws(Status) in
          ChannelzAnswer(content: await Self.shown(try self.server(id))).serialized()
        }
      case .getChannel:
        let id = try ChannelzIDRequest(decoding: call.message).id
        call.answer { () throws(Status) in try await self.channel(id) }
      case .getSubchannel:
        let id = try ChannelzIDRequest(decoding: call.message).id
        call.fail(Self.notFound("subchannel", id))
      case .getSocket:
        let id = try ChannelzIDRequest(decoding: call.message).id
        call.answer { () throws(Status) in try await self.socket(id) }
      }
    } catch {
      call.fail(malformed(error))
    }
  }

  // MARK: - Servers

  private func serverPage(_ page: ChannelzPageRequest) async throws(Status) -> [UInt8] {
    let max = try Self.length(of: page)
    let found = self.liveServers.filter { $0.id >= page.start }
      .sorted { $0.id < $1.id }.prefix(max + 1)
    var servers: [ChannelzServer] = []
    for server in found { servers.append(await Self.shown(server)) }
    return ChannelzPage(servers, max: max).serialized()
  }

  private func sockets(_ request: GetServerSocketsRequest) async throws(Status) -> [UInt8] {
    let max = try Self.length(of: request.page)
    let server = try self.server(request.server)
    let found = await server.sockets(from: request.page.start, max: max + 1)
    return ChannelzPage(found.map(ChannelzRef.init(socket:)), max: max).serialized()
  }

  private func server(_ id: Int64) throws(Status) -> Server {
    guard let server = self.liveServers.first(where: { $0.id == id }) else {
      throw Self.notFound("server", id)
    }
    return server
  }

  private var liveServers: [Server] { self.servers.withLock { $0.compactMap(\.server) } }

  private static func shown(_ server: Server) async -> ChannelzServer {
    ChannelzServer(
      id: server.id, listeners: server.listeningSockets, metrics: await server.metrics(),
      clock: ChannelzClock())
  }

  // MARK: - Channels

  private func topChannels(_ page: ChannelzPageRequest) async throws(Status) -> [UInt8] {
    let max = try Self.length(of: page)
    var found: [ChannelzChannel] = []
    for channel in self.channels.channels(from: page.start, max: max + 1) {
      found.append(ChannelzChannel(channel: await channel.snapshot(), clock: ChannelzClock()))
    }
    return ChannelzPage(found, max: max).serialized()
  }

  private func channel(_ id: Int64) async throws(Status) -> [UInt8] {
    guard let channel = self.channels.channel(id) else { throw Self.notFound("channel", id) }
    let shown = ChannelzChannel(channel: await channel.snapshot(), clock: ChannelzClock())
    return ChannelzAnswer(content: shown).serialized()
  }

  // MARK: - Sockets

  private func socket(_ id: Int64) async throws(Status) -> [UInt8] {
    guard let socket = await self.find(id) else { throw Self.notFound("socket", id) }
    return ChannelzAnswer(content: ChannelzSocket(socket: socket, clock: ChannelzClock()))
      .serialized()
  }

  private func find(_ id: Int64) async -> SocketSnapshot? {
    for server in self.liveServers {
      if let socket = await server.socket(id) { return socket }
    }
    for channel in self.channels.channels(from: 0, max: .max) {
      let sockets = await channel.snapshot().sockets
      if let socket = sockets.first(where: { $0.id == id }) { return socket }
    }
    return nil
  }

  // MARK: - Parts

  private static func length(of page: ChannelzPageRequest) throws(Status) -> Int {
    guard page.maxResults >= 0 else {
      throw Status(
        .invalidArgument,
        "max_results is \(page.maxResults); it must be 0 (for the default) or more",
        info: .init(reason: "MAX_RESULTS_NEGATIVE"))
    }
    return page.maxResults == 0 ? Self.pageDefault : Int(min(page.maxResults, Int64(Self.pageMax)))
  }

  private static func notFound(_ kind: String, _ id: Int64) -> Status {
    Status(
      .notFound, "this process has no \(kind) \(id), or no longer",
      info: .init(reason: "CHANNELZ_ID_UNKNOWN", metadata: ["kind": kind, "id": "\(id)"]))
  }
}
