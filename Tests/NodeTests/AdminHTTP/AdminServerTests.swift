import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Node

@Suite struct AdminServerTests {
  @Test func `readiness and liveness are told with their reasons`() async throws {
    try await withAdmin { admin in
      #expect(try await admin.get("/live").hasPrefix("HTTP/1.1 200 OK\r\n"))
      let starting = try await admin.get("/ready")
      #expect(starting.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(starting.hasSuffix("\r\n\r\nnot ready: the node is starting\n"))
      admin.readiness.current = .serving
      #expect(try await admin.get("/ready").hasSuffix("\r\n\r\nready\n"))
      admin.readiness.current = .draining
      let draining = try await admin.get("/ready")
      #expect(draining.hasPrefix("HTTP/1.1 503 ") && draining.contains("the node is stopping"))
      #expect(try await admin.get("/live").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test func `a loop that hangs makes the node not live, in time, and the page recovers`()
    async throws
  {
    try await withAdmin({ $0.adminTimeoutMilliseconds = 200 }) { admin in
      let gate = Gate()
      admin.loops.next().execute { gate.wait() }
      let answer = try await admin.get("/live")
      #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(answer.hasSuffix("An event loop of the node did not answer within 0.2 s.\n"))
      gate.open()
      var isLive = false
      // The loop is free now, but this machine may be busy.
      for _ in 0..<100 where !isLive { isLive = try await admin.get("/live").contains(" 200 ") }
      #expect(isLive)
    }
  }

  @Test func `pages that wait for a loop that hangs are bounded`() async throws {
    try await withAdmin({
      $0.adminTimeoutMilliseconds = 50
      $0.adminConnectionsMax = 2
    }) { admin in
      let gate = Gate()
      admin.loops.next().execute { gate.wait() }
      for _ in 0..<2 { #expect(try await admin.get("/live").contains("did not answer within")) }
      let third = try await admin.get("/live")
      #expect(third.hasPrefix("HTTP/1.1 503 ") && third.contains("2 earlier requests wait"))
      gate.open()
    }
  }

  @Test func `a connection above the limit is closed without a word, and counted`() async throws {
    try await withAdmin({ $0.adminConnectionsMax = 1 }) { admin in
      let first = try Connection(to: admin.server.address)
      try first.send("GET /metrics HTTP/1.1\r\n")
      // Until the first is known to be open, the second might come before it.
      var refused = ""
      repeat { refused = try await admin.get("/live") } while !refused.isEmpty
      try first.send("\r\n")
      let page = try await first.readToEnd()
      #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(!page.hasSuffix("connections 0, requests 0, timeouts 0"), "\(page)")
    }
  }

  @Test func `a request that is never whole ends with 408, and one too long with 431`() async throws
  {
    try await withAdmin({
      $0.adminTimeoutMilliseconds = 200
      $0.adminRequestMaxBytes = 1_024
    }) { admin in
      let slow = try Connection(to: admin.server.address)
      try slow.send("GET /live HTTP/1.1\r\nhost: a")
      #expect(try await slow.readToEnd().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      let long = try Connection(to: admin.server.address)
      try long.send("GET /live HTTP/1.1\r\nx: " + String(repeating: "a", count: 1_024))
      let answer = try await long.readToEnd()
      #expect(answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
      #expect(answer.contains("\r\n\r\nThe request is longer than 1024 bytes"))
      let metrics = try await admin.get("/metrics")
      #expect(metrics.hasSuffix("connections 0, requests 1, timeouts 1"))
    }
  }

  @Test func `a request of too many short headers is refused as one that is too long`() async throws
  {
    try await withAdmin { admin in
      let connection = try Connection(to: admin.server.address)
      // Fewer bytes than the limit allows.
      try connection.send("GET /live HTTP/1.1\r\n" + String(repeating: "x: y\r\n", count: 1_000))
      let answer = try await connection.readToEnd()
      #expect(answer.hasPrefix("HTTP/1.1 431 "))
      #expect(try await admin.get("/metrics").hasSuffix("requests 1, timeouts 0"))
    }
  }

  @Test func `a page under way is made before the server has shut down`() async throws {
    let (gate, isMade) = (Gate(), Gate())
    let pages = AdminPages(
      readiness: Readiness(),
      metrics: { _ in
        await gate.pass()
        isMade.open()
        return ""
      }, loops: [])
    let server = try await AdminServer.start(
      HostPort(host: "127.0.0.1", port: 0), limits: NodeLimits(), pages: pages)
    let connection = try Connection(to: server.address)
    try connection.send("GET /metrics HTTP/1.1\r\n\r\n")
    while !gate.isAwaited { await Task.yield() }
    async let shutdown: Void = server.shutdown()
    gate.open()
    try await shutdown
    #expect(isMade.isOpen)
  }

  @Test func `an address that is taken is named, with the setting and a way out`() async throws {
    try await withAdmin { admin in
      let taken = admin.server.address
      let pages = AdminPages(readiness: Readiness(), metrics: { _ in "" }, loops: [])
      do {
        _ = try await AdminServer.start(taken, limits: NodeLimits(), pages: pages)
        Issue.record("two servers on one port")
      } catch let error as NodeError {
        let text = "\(error)"
        #expect(text.hasPrefix("cannot serve the admin pages on \(taken): "))
        #expect(text.contains("--admin 127.0.0.1:") || text.contains("such as 127.0.0.1:"))
        #expect(text.hasSuffix("or --admin off."))
      }
    }
  }
}

/// The pages on a free port, over one loop that would serve calls.
private struct Admin {
  let server: AdminServer
  let readiness: Readiness
  let loops: MultiThreadedEventLoopGroup

  /// The whole answer to a GET.
  func get(_ path: String) async throws -> String {
    let connection = try Connection(to: self.server.address)
    try connection.send("GET \(path) HTTP/1.1\r\nhost: test\r\n\r\n")
    return try await connection.readToEnd()
  }
}

private func withAdmin(
  _ change: (inout NodeLimits) -> Void = { _ in }, _ body: (Admin) async throws -> Void
) async throws {
  var limits = NodeLimits()
  change(&limits)
  let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let readiness = Readiness()
  let pages = AdminPages(
    readiness: readiness,
    metrics: { hits in
      "connections \(hits.connectionsMax), requests \(hits.requestMax), timeouts \(hits.timeout)"
    },
    loops: Array(loops.makeIterator()))
  let server = try await AdminServer.start(
    HostPort(host: "127.0.0.1", port: 0), limits: limits, pages: pages)
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(Admin(server: server, readiness: readiness, loops: loops)))
  } catch {
    result = .failure(error)
  }
  try await server.shutdown()
  try await loops.shutdownGracefully()
  try result.get()
}

/// Holds a thread or a task until the test lets it go.
private final class Gate: Sendable {
  private let opened = Atomic(false)
  private let awaited = Atomic(false)

  var isOpen: Bool { self.opened.load(ordering: .acquiring) }
  /// Somebody has come to the gate.
  var isAwaited: Bool { self.awaited.load(ordering: .acquiring) }

  func open() { self.opened.store(true, ordering: .releasing) }

  func wait() { while !self.isOpen { usleep(1_000) } }

  func pass() async {
    self.awaited.store(true, ordering: .releasing)
    while !self.isOpen { await Task.yield() }
  }
}

/// A plain socket: a client that may be as slow and as wrong as a test wants.
private final class Connection: Sendable {
  struct Failed: Error { let call: String, number: CInt }

  private let descriptor: CInt

  init(to address: HostPort) throws {
    self.descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = in_port_t(address.port).bigEndian
    target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = withUnsafePointer(to: &target) { target in
      // Both are the C API's own view of one address.
      target.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw Failed(call: "connect", number: errno) }
  }

  deinit { close(self.descriptor) }

  func send(_ text: String) throws {
    let bytes = Array(text.utf8)
    let sent = Glibc.send(self.descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
    // A server that has closed already is seen by the one who reads.
    guard sent == bytes.count || errno == EPIPE || errno == ECONNRESET else {
      throw Failed(call: "send", number: errno)
    }
  }

  /// All that comes until the server closes; on a thread that may wait.
  func readToEnd() async throws -> String {
    try await NIOThreadPool.singleton.runIfActive {
      var text: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 64 << 10)
      while true {
        let count = recv(self.descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return String(decoding: text, as: UTF8.self) }
        text += buffer.prefix(count)
      }
    }
  }
}
