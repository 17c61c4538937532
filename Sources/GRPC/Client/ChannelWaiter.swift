internal import NIOCore

/// Someone who waits for a connection.
///
/// `@unchecked Sendable`: what is mutable is used on the channel's event loop only.
final class ChannelWaiter: @unchecked Sendable {
  /// When the wait is over; nil: when the channel has connected, or failed to.
  let deadline: NIODeadline?
  var timer: Scheduled<Void>?
  private var whenReady: ((Result<ClientConnection, Status>) -> Void)?
  /// What came before anyone waited.
  private var early: Result<ClientConnection, Status>?

  init(deadline: NIODeadline?) { self.deadline = deadline }

  func wait(_ whenReady: @escaping (Result<ClientConnection, Status>) -> Void) {
    if let early = self.early { return whenReady(early) }
    self.whenReady = whenReady
  }

  /// The first result counts.
  func finish(_ result: Result<ClientConnection, Status>) {
    self.timer?.cancel()
    self.timer = nil
    if let whenReady = self.whenReady {
      self.whenReady = nil
      whenReady(result)
    } else if self.early == nil {
      self.early = result
    }
  }

  /// The first result is still to come.
  var isWaiting: Bool { self.early == nil && self.whenReady != nil }
}

/// A unary call of a channel.
///
/// `@unchecked Sendable`: what is mutable is used on the channel's event loop only.
final class ChannelCall: @unchecked Sendable {
  let path: String
  let message: [UInt8]
  let metadata: Metadata
  let deadline: NIODeadline?
  var whenDone: ((Result<ClientResponse, Status>) -> Void)?
  /// Waits for a connection, or has waited.
  var waiter: ChannelWaiter?
  /// Where the call was sent.
  var sent: (connection: ClientConnection, id: CallID, tag: UInt64)?
  /// The call was made twice, which is the most.
  var isRetry = false
  var isCancelled = false

  init(path: String, message: [UInt8], metadata: Metadata, deadline: NIODeadline?) {
    self.path = path
    self.message = message
    self.metadata = metadata
    self.deadline = deadline
  }

  func finish(_ result: Result<ClientResponse, Status>) {
    guard let whenDone = self.whenDone else { return }
    self.whenDone = nil
    self.sent = nil
    whenDone(result)
  }
}
