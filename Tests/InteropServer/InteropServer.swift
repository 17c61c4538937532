import GRPC
import Logging
import NIOPosix

/// The server of the public interop cases (grpc/grpc, doc/interop-test-descriptions.md), on 127.0.0.1
/// and the port given: grpc.testing.TestService on the same transport as a node's services.
@main
enum InteropServer {
  static func main() async throws {
    guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
      print("usage: interop-server PORT")
      return
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = Server(
      TestService().registrations, configuration: .init(), group: group,
      logger: Logger(label: "interop-server"))
    let address = try await server.listen(host: "127.0.0.1", port: port)
    print("ready on \(address)")
    try await Task.sleep(for: .seconds(24 * 3600))
  }
}
