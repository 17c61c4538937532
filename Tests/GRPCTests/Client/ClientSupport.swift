import NIOCore
import NIOPosix
import Testing

@testable import GRPC

/// Serves `services`, and runs `body` with a channel to them.
func withChannel(
  _ services: [ServiceRegistration], _ configuration: Server.Configuration = .init(),
  client: ClientConfiguration = .init(),
  _ body: (ClientChannel, TestServer) async throws -> Void
) async throws {
  try await withServer(services, configuration) { server in
    let channel = server.channel(client)
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(channel, server))
    } catch {
      result = .failure(error)
    }
    await channel.shutdown()
    try result.get()
  }
}

extension TestServer {
  /// The port it listens on.
  var port: Int { self.address.port ?? 0 }

  /// A channel to the server, on another group of event loops.
  func channel(_ configuration: ClientConfiguration = .init()) -> ClientChannel {
    var configuration = configuration
    // All tests at once may take a busy machine longer than the default to make a connection.
    if configuration.connectTimeout == ClientConfiguration().connectTimeout {
      configuration.connectTimeout = .seconds(60)
    }
    return ClientChannel(
      host: "127.0.0.1", port: self.port, group: MultiThreadedEventLoopGroup.singleton,
      configuration: configuration, logger: silent)
  }
}

/// The status that `body` throws; nil if it throws none.
func failure<Value>(_ body: () async throws -> Value) async -> Status? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error as? Status ?? Status(.unknown, "not a status: \(error)")
  }
}

extension ClientChannel {
  /// The message that `/t.S/M` answers to `message`.
  func answer(_ message: [UInt8]) async throws -> [UInt8] {
    Array(try await self.unary("/t.S/M", message).message.readableBytesView)
  }
}
