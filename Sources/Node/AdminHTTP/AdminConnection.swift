internal import NIOCore
internal import NIOHTTP1

/// What the connections to the admin pages share. Used on their one event loop only.
final class AdminState {
  let pages: AdminPages
  let timeout: TimeAmount
  let connectionsMax: Int
  let requestMaxBytes: Int
  var connections = 0
  /// Pages being made: some outlive their connection, when a loop does not answer.
  private(set) var pending = 0
  var hits = AdminLimitHits()
  /// Set once no further pages are made.
  private var whenIdle: (() -> Void)?

  init(pages: AdminPages, timeout: TimeAmount, connectionsMax: Int, requestMaxBytes: Int) {
    self.pages = pages
    self.timeout = timeout
    self.connectionsMax = connectionsMax
    self.requestMaxBytes = requestMaxBytes
  }

  /// Whether another page may be made now.
  var takesRequests: Bool { self.whenIdle == nil && self.pending < self.connectionsMax }

  func pageBegun() { self.pending += 1 }

  func pageEnded() {
    self.pending -= 1
    if self.pending == 0 { self.whenIdle?() }
  }

  /// Begins no further pages, and calls `whenIdle` once those under way are made: they come back to
  /// this loop, which must be there still.
  func stop(_ whenIdle: @escaping () -> Void) {
    self.whenIdle = whenIdle
    if self.pending == 0 { whenIdle() }
  }
}

/// How often somebody ran into a limit of the admin pages.
struct AdminLimitHits: Sendable {
  var connectionsMax = 0
  var requestMax = 0
  var timeout = 0

  var all: [(setting: Setting, count: Int)] {
    [
      (.adminConnectionsMax, self.connectionsMax), (.adminRequestMax, self.requestMax),
      (.adminTimeout, self.timeout),
    ]
  }
}

/// A request is longer than `admin-request-max`.
struct AdminRequestTooLarge: Error {}

/// Bounds what a connection may send: all of it is one request without a body.
final class AdminRequestLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var rest: Int

  init(bytes: Int) { self.rest = bytes }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard self.rest >= 0 else { return }
    self.rest -= self.unwrapInboundIn(data).readableBytes
    if self.rest >= 0 {
      context.fireChannelRead(data)
    } else {
      context.fireErrorCaught(AdminRequestTooLarge())
    }
  }
}

/// One connection to the admin pages: one request, one answer, and the end. That bounds what a
/// connection can hold without any bookkeeping; those who ask every few seconds do not mind.
final class AdminConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum Phase {
    /// The request is not whole. Can go to `asked` or `answered`.
    case receiving(HTTPRequestHead?)
    /// The page is being made. Can go to `answered`.
    case asked(HTTPMethod)
    /// The answer is on its way; what else comes is dropped.
    case answered
  }

  private let state: AdminState
  private var phase = Phase.receiving(nil)
  private var timer: Scheduled<Void>?
  private var context: ChannelHandlerContext?

  init(_ state: AdminState) { self.state = state }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    self.state.connections += 1
    self.startTimer(context) { self.timedOut() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.timer?.cancel()
    self.context = nil
    self.state.connections -= 1
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .receiving(let head) = self.phase else { return }
    switch self.unwrapInboundIn(data) {
    case .head(let head): self.phase = .receiving(head)
    case .body: break
    case .end:
      guard let head else { preconditionFailure("a request has a head") }
      self.ask(head, context)
    }
  }

  /// The client sends nothing more. It may wait for an answer still: a request that is whole gets one,
  /// and for one that is not, the parser has said so already, unless there was nothing to parse.
  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent, case .receiving = self.phase {
      context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch self.phase {
    case .receiving: break
    case .asked: return context.close(promise: nil)
    case .answered:
      // What still comes is no request either; a socket that broke closes by itself.
      return
    }
    switch error {
    case is AdminRequestTooLarge, HTTPParserError.headerOverflow:
      self.state.hits.requestMax += 1
      let text =
        "The request is longer than \(self.state.requestMaxBytes) bytes, or has too many headers.\n"
      self.respond(.init(status: .requestHeaderFieldsTooLarge, text: text))
    case is HTTPParserError:
      self.respond(.init(status: .badRequest, text: "This is not HTTP/1.1: \(error).\n"))
    default:
      context.close(promise: nil)
    }
  }

  private func ask(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    self.phase = .asked(head.method)
    guard self.state.takesRequests else {
      let text = "\(self.state.pending) earlier requests wait for an event loop to answer.\n"
      return self.respond(.init(status: .serviceUnavailable, text: text))
    }
    self.state.pageBegun()
    let eventLoop = context.eventLoop
    let connection = NIOLoopBound(self, eventLoop: eventLoop)
    let (pages, hits) = (self.state.pages, self.state.hits)
    Task {
      let answer = await pages.answer(head.method, head.uri, hits)
      eventLoop.execute {
        connection.value.respond(answer)
        connection.value.state.pageEnded()
      }
    }
  }

  /// Answers, and closes: our side at once, and the rest when the client has, or its time is up. To
  /// close a socket with bytes still unread resets the connection, and the client might then lose
  /// the answer (RFC 9112, section 9.6). A late answer is dropped.
  private func respond(_ answer: AdminPages.Answer) {
    guard let context = self.context else { return }
    let method: HTTPMethod
    switch self.phase {
    case .receiving(let head): method = head?.method ?? .GET
    case .asked(let asked): method = asked
    case .answered: return
    }
    self.phase = .answered
    var headers: HTTPHeaders = [
      "content-type": answer.contentType, "content-length": "\(answer.text.utf8.count)",
      "cache-control": "no-store", "connection": "close",
    ]
    if answer.status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
    let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    if method != .HEAD {
      let body = ByteBuffer(string: answer.text)
      context.write(self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let channel = context.channel
    // Written or not: there is nothing more to say.
    let written = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
    written.assumeIsolated().whenComplete { _ in channel.close(mode: .output, promise: nil) }
    self.startTimer(context) { channel.close(promise: nil) }
  }

  private func timedOut() {
    self.state.hits.timeout += 1
    let seconds = PrometheusText.seconds(nanoseconds: self.state.timeout.nanoseconds)
    if case .asked = self.phase {
      let text = "An event loop of the node did not answer within \(seconds) s.\n"
      self.respond(.init(status: .serviceUnavailable, text: text))
    } else {
      let text = "The request was not whole after \(seconds) s.\n"
      self.respond(.init(status: .requestTimeout, text: text))
    }
  }

  private func startTimer(
    _ context: ChannelHandlerContext, _ whenDue: @escaping () -> Void
  ) {
    self.timer?.cancel()
    self.timer = context.eventLoop.assumeIsolated()
      .scheduleTask(in: self.state.timeout) { whenDue() }
  }
}
