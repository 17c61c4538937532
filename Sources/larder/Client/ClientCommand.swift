import ArgumentParser
import Foundation
import GRPC
import LarderAPI
import Logging
import NIOCore
import NIOPosix
import Node
import Wire

/// A command that makes calls to one node and then ends.
protocol ClientCommand: AsyncParsableCommand {
  /// The name under which it complains.
  static var name: String { get }
  var target: TargetOptions { get }
  /// How long it waits for an answer, unless it is told.
  static var timeoutMilliseconds: Int64 { get }

  /// Does what the command is for.
  func perform(with node: NodeClient) async throws(CommandFailure)
}

extension ClientCommand {
  static var timeoutMilliseconds: Int64 { 5_000 }

  func run() async throws {
    // A node that closed the connection, or a reader of our output that went away, is an error of
    // one write and is reported as such.
    signal(SIGPIPE, SIG_IGN)
    do throws(CommandFailure) {
      let node = NodeClient(
        address: self.target.address,
        timeout: self.target.deadline(default: Self.timeoutMilliseconds),
        token: try self.target.credentials.token(), tls: try self.target.tls.load(),
        group: MultiThreadedEventLoopGroup.singleton)
      try await self.perform(with: node)
    } catch {
      try StandardStreams.complain(Self.name, error.message)
      throw error.exit
    }
    // The process ends here: connections are closed by the system, all at once.
  }
}

/// One node as a command line calls it: whole messages in and out, errors as failures.
struct NodeClient: Sendable {
  private let channel: ClientChannel
  private let configuration: ClientConfiguration
  private let group: any EventLoopGroup
  private let timeout: TimeAmount?

  /// - Parameters:
  ///   - token: sent with every call; nil: none.
  ///   - tls: nil: plaintext.
  init(
    address: HostPort, timeout: TimeAmount?, token: BearerToken?, tls: ClientTLS?,
    group: any EventLoopGroup
  ) {
    var configuration = ClientConfiguration()
    if let token { configuration.interceptors.append(BearerTokenInterceptor(token)) }
    configuration.tls = tls
    self.init(address: address, timeout: timeout, configuration: configuration, group: group)
  }

  private init(
    address: HostPort, timeout: TimeAmount?, configuration: ClientConfiguration,
    group: any EventLoopGroup
  ) {
    // What the channel would log, the commands tell in their own words.
    self.channel = ClientChannel(
      host: address.host, port: address.port, group: group, configuration: configuration,
      logger: Logger(label: "larder") { _ in SwiftLogNoOpLogHandler() })
    self.configuration = configuration
    self.group = group
    self.timeout = timeout
  }

  /// Another node, called in the same way.
  func other(at address: HostPort) -> NodeClient {
    NodeClient(
      address: address, timeout: self.timeout, configuration: self.configuration,
      group: self.group)
  }

  /// Makes one call.
  ///
  /// - Parameter request: the message, serialised.
  /// - Returns: the answer's message.
  func call(_ path: String, _ request: [UInt8]) async throws(CommandFailure) -> ByteBuffer {
    do throws(Status) {
      return try await self.channel.unary(path, request, timeout: self.timeout).message
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Makes one call of larder.v1.Admin.
  func call<Answer: WireDecodable>(
    _ method: AdminMethod, _ request: some WireMessage, for _: Answer.Type = Answer.self
  ) async throws(CommandFailure) -> Answer {
    let answer = try await self.call(method.path, request.serialized())
    return try Self.decode { () throws(WireError) in
      try Answer(decoding: answer.readableBytesSpan)
    }
  }

  /// Runs `body`, which reads an answer; bytes that are not the message are a failure that no
  /// status tells.
  static func decode<Answer>(
    _ body: () throws(WireError) -> Answer
  ) throws(CommandFailure) -> Answer {
    do throws(WireError) {
      return try body()
    } catch {
      throw CommandFailure(
        "the node's answer is not the message of this call: \(error)", exit: ExitStatus.refused)
    }
  }

  /// The answer was a message that this version cannot make sense of.
  static let unknownAnswer = CommandFailure(
    "the node's answer is of a kind that this version does not know", exit: ExitStatus.refused)

  /// Closes the connections.
  func shutdown() async {
    await self.channel.shutdown()
  }
}
