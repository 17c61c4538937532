internal import NIOCore

/// Closes a connection in two steps: first our side, and the rest once the peer has closed its own.
///
/// A socket that is closed while bytes of the peer are unread, or before more of them come, answers
/// with a TCP reset, and the reset destroys what we sent last on its way: the end of a large answer, or
/// the GOAWAY that says why. A client acknowledges DATA with WINDOW_UPDATE all the time, so that is the
/// rule rather than the exception (RFC 9112, section 9.6, has the same advice for HTTP/1).
///
/// Stands first in the pipeline, between the socket and TLS. What the peer still says is dropped.
final class LingeringClose: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  /// How long the peer has to close its side. Most take the time of a round trip.
  static let timeout = TimeAmount.seconds(1)

  private enum State {
    case open
    case lingering(Scheduled<Void>)
    case closed
  }

  private var state = State.open

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all, case .open = self.state, context.channel.isActive else {
      return context.close(mode: mode, promise: promise)
    }
    if let promise { context.channel.closeFuture.cascade(to: promise) }
    let timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.timeout) {
      self.closeForGood(context)
    }
    self.state = .lingering(timer)
    // Reading may be off, because the peer did not read; the end of its stream is to be seen.
    context.channel.setOption(.autoRead, value: true).assumeIsolated().whenFailure { _ in
      self.closeForGood(context)
    }
    let shut = context.eventLoop.makePromise(of: Void.self)
    shut.futureResult.assumeIsolated().whenFailure { _ in self.closeForGood(context) }
    context.close(mode: .output, promise: shut)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .open = self.state { context.fireChannelRead(data) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard case .lingering = self.state else { return context.fireErrorCaught(error) }
    self.closeForGood(context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.cancelTimer()
    context.fireChannelInactive()
  }

  private func closeForGood(_ context: ChannelHandlerContext) {
    guard case .lingering = self.state else { return }
    self.cancelTimer()
    context.close(promise: nil)
  }

  private func cancelTimer() {
    if case .lingering(let timer) = self.state { timer.cancel() }
    self.state = .closed
  }
}
