import GRPC
import Logging
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import GRPCServices

@Suite struct ChannelzServiceTests {
  @Test func `a channel is shown with its socket, which is found by its id`() async throws {
    try await withChannelz { channelz in
      // GetTopChannelsResponse: channel = 1, whose ref = 1 and socket_ref = 5; end = 2.
      let page = try await channelz.call("GetTopChannels", ChannelzPageRequest())
      #expect(try number(page, 2) == 1)
      let channel = try only(page, 1)
      #expect(try number(try only(channel, 1), 1) == channelz.channel.id)
      let socketID = try number(try only(channel, 5), 3)

      let answer = try await channelz.call("GetChannel", ChannelzIDRequest(id: channelz.channel.id))
      #expect(try fields(answer, 1).count == 1)
      // GetSocketResponse: socket = 1, whose data = 2. The call itself is the third on it.
      let found = try await channelz.call("GetSocket", ChannelzIDRequest(id: socketID))
      #expect(try number(try only(try only(found, 1), 2), 1) == 3)
    }
  }

  @Test func `pages are bounded, whatever is asked for`() async throws {
    try await withChannelz { channelz in
      var configuration = ClientConfiguration()
      configuration.registry = channelz.registry
      var more: [ClientChannel] = []
      for _ in 0..<ChannelzService.pageMax + 1 {
        more.append(
          ClientChannel(
            host: "127.0.0.1", port: 1, group: channelz.group, configuration: configuration,
            logger: silent))
      }
      let standard = try await channelz.call("GetTopChannels", ChannelzPageRequest())
      #expect(try fields(standard, 1).count == ChannelzService.pageDefault)
      #expect(try number(standard, 2) == 0)
      let page = ChannelzPageRequest(start: more[0].id, maxResults: 1_000_000)
      let longest = try await channelz.call("GetTopChannels", page)
      #expect(try fields(longest, 1).count == ChannelzService.pageMax)
      let rest = ChannelzPageRequest(start: more[ChannelzService.pageMax].id)
      let last = try await channelz.call("GetTopChannels", rest)
      #expect(try fields(last, 1).count == 1)
      #expect(try number(last, 2) == 1)
      for channel in more { await channel.shutdown() }
    }
  }

  @Test(arguments: ["GetServer", "GetServerSockets", "GetChannel", "GetSubchannel", "GetSocket"])
  func `an unknown id is not found`(method: String) async throws {
    try await withChannelz { channelz in
      let status = await channelz.failure(method, ChannelzIDRequest(id: 1 << 40))
      #expect(status?.code == .notFound)
      #expect(status?.info?.reason == "CHANNELZ_ID_UNKNOWN")
    }
  }

  @Test func `a negative page and a malformed message are refused`() async throws {
    try await withChannelz { channelz in
      let negative = ChannelzPageRequest(maxResults: -1)
      #expect(await channelz.failure("GetServers", negative)?.code == .invalidArgument)
      let malformed = await channelz.failure("GetServers", [0x08])
      #expect(malformed?.code == .internal)
    }
  }
}

private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A server of channelz, and a channel to it that channelz shows.
private struct Channelz {
  let channel: ClientChannel
  let registry: ChannelRegistry
  let group: MultiThreadedEventLoopGroup

  func call(_ method: String, _ request: some WireMessage) async throws -> [UInt8] {
    try await self.call(method, request.serialized())
  }

  func call(_ method: String, _ request: [UInt8]) async throws(Status) -> [UInt8] {
    let response = try await self.channel.unary("/\(ChannelzService.service)/\(method)", request)
    return Array(response.message.readableBytesView)
  }

  func failure(_ method: String, _ request: some WireMessage) async -> Status? {
    await self.failure(method, request.serialized())
  }

  func failure(_ method: String, _ request: [UInt8]) async -> Status? {
    do {
      _ = try await self.call(method, request)
      return nil
    } catch {
      return error
    }
  }
}

private func withChannelz(_ body: (Channelz) async throws -> Void) async throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
  let registry = ChannelRegistry()
  let service = ChannelzService(channels: registry)
  let server = Server(
    service.registrations, configuration: .init(), group: group, logger: silent)
  service.show(server)
  let address = try await server.listen(host: "127.0.0.1", port: 0)
  var configuration = ClientConfiguration()
  configuration.registry = registry
  configuration.connectTimeout = .seconds(60)
  let channel = ClientChannel(
    host: "127.0.0.1", port: address.port ?? 0, group: group, configuration: configuration,
    logger: silent)
  let result: Result<Void, any Error>
  do {
    result = .success(
      try await body(Channelz(channel: channel, registry: registry, group: group)))
  } catch {
    result = .failure(error)
  }
  await channel.shutdown()
  _ = await server.shutdown(timeout: .seconds(1))
  try await group.shutdownGracefully()
  try result.get()
}

/// The embedded messages in field `number`.
private func fields(_ message: [UInt8], _ number: Int) throws(WireError) -> [[UInt8]] {
  var found: [[UInt8]] = []
  var reader = WireReader(message.span.bytes)
  while let field = try reader.nextField() {
    if field.number == number && field.type == .lengthDelimited {
      found.append(try reader.bytes(field).withUnsafeBytes { Array($0) })
    } else {
      try reader.skip(field)
    }
  }
  return found
}

/// The one embedded message in field `number`.
private func only(_ message: [UInt8], _ number: Int) throws -> [UInt8] {
  let found = try fields(message, number)
  try #require(found.count == 1)
  return found[0]
}

/// The varint in field `number`; 0 where there is none.
private func number(_ message: [UInt8], _ number: Int) throws(WireError) -> Int64 {
  var found: Int64 = 0
  var reader = WireReader(message.span.bytes)
  while let field = try reader.nextField() {
    if field.number == number && field.type == .varint {
      found = try reader.int64(field)
    } else {
      try reader.skip(field)
    }
  }
  return found
}
