import GRPC
import Logging
import NIOPosix

/// Answers `/larder.v1.Cache/Get` with the bytes it was sent, from the same transport as a node: what
/// a call costs before the cache does anything. One event loop, on 127.0.0.1 and the port given.
@main
enum EchoServer {
  static func main() async throws {
    guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
      print("usage: echo-server PORT")
      return
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = Server(
      [.unary(paths: ["/larder.v1.Cache/Get"], Echo())], configuration: .init(), group: group,
      logger: Logger(label: "echo-server"))
    let address = try await server.listen(host: "127.0.0.1", port: port)
    print("ready on \(address)")
    try await Task.sleep(for: .seconds(24 * 3600))
  }
}

private final class Echo: UnaryService {
  func serve(_ call: borrowing UnaryCall) {
    let message = call.message
    call.reply(size: message.byteCount) { output in
      message.withUnsafeBytes { source in
        output.withUnsafeMutableBytes { target, initialized in
          // The span was made for exactly these bytes.
          target.copyMemory(from: source, at: initialized)
          initialized += source.count
        }
      }
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func copyMemory(from source: UnsafeRawBufferPointer, at offset: Int) {
    UnsafeMutableRawBufferPointer(rebasing: self[offset...]).copyMemory(from: source)
  }
}
