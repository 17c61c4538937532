internal import NIOCore
internal import NIOHTTP1

/// The pages that a node has for its operator. No I/O: what they show is asked of closures.
struct AdminPages: Sendable {
  /// An answer, whole.
  struct Answer: Equatable, Sendable {
    var status: HTTPResponseStatus
    var text: String
    var contentType = "text/plain; charset=utf-8"
  }

  private static let paths: [(path: String, help: String)] = [
    ("/metrics", "counters of the node, for Prometheus (text format 0.0.4)"),
    ("/live", "200 while every event loop answers: restart the node when it does not"),
    ("/ready", "200 while the node takes calls: send it none when it does not"),
  ]

  let readiness: Readiness
  /// The page `/metrics`, given how often somebody ran into a limit of the pages.
  let metrics: @Sendable (AdminLimitHits) async -> String
  /// Every loop that serves calls.
  let loops: [any EventLoop]

  /// The answer to a request that is whole; waits for the loops where it must hear from them.
  func answer(
    _ method: HTTPMethod, _ target: String, _ hits: AdminLimitHits
  ) async -> Answer {
    guard method == .GET || method == .HEAD else {
      return Answer(
        status: .methodNotAllowed,
        text: "\(method.rawValue) is not allowed here: the pages are only read, with GET.\n")
    }
    switch target.prefix(while: { $0 != "?" }) {
    case "/": return Answer(status: .ok, text: "A Larder node.\n\n" + Self.list)
    case "/metrics":
      return Answer(
        status: .ok, text: await self.metrics(hits), contentType: PrometheusText.contentType)
    case "/live": return await self.live()
    case "/ready": return self.ready()
    default: return Answer(status: .notFound, text: "There is no such page.\n\n" + Self.list)
    }
  }

  /// Proved by a hop through each loop. One that hangs gives no answer, and the connection's own
  /// timeout says so.
  private func live() async -> Answer {
    for loop in self.loops {
      await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
    }
    return Answer(status: .ok, text: "live\n")
  }

  private func ready() -> Answer {
    switch self.readiness.current {
    case .starting:
      Answer(status: .serviceUnavailable, text: "not ready: the node is starting\n")
    case .joining:
      Answer(
        status: .serviceUnavailable,
        text: "not ready: the node waits for etcd to be a member of its cluster\n")
    case .serving: Answer(status: .ok, text: "ready\n")
    case .draining:
      Answer(
        status: .serviceUnavailable,
        text: "not ready: the node is stopping, and finishes the calls under way\n")
    }
  }

  private static let list =
    Self.paths.map { page in
      page.path + String(repeating: " ", count: 10 - page.path.utf8.count) + page.help
    }
    .joined(separator: "\n") + "\n"
}
