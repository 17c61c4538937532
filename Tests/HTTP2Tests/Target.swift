import TestSupport
import Testing

@testable import HTTP2

let second: UInt64 = 1_000_000_000
let request: KeyValuePairs = [
  ":method": "POST", ":scheme": "http", ":path": "/a.B/C", ":authority": "test",
]

/// A server's session on which attacks are tried.
final class Target {
  let session: Session
  /// All frames that it has sent.
  private(set) var sent: [SentFrame] = []
  private(set) var error: SessionError?
  var now = second

  init(_ change: (inout SessionConfiguration) -> Void = { _ in }) throws {
    var configuration = SessionConfiguration()
    change(&configuration)
    self.session = Session(role: .server, configuration: configuration)
    try self.send(Frame.clientHello)
  }

  /// Feeds `bytes` as a connection does, unless it has ended.
  func send(_ bytes: [UInt8]) throws {
    guard self.error == nil else { return }
    do throws(SessionError) {
      try self.session.receive(bytes, now: self.now) { self.act() }
    } catch {
      self.error = error
    }
    self.sent += SentFrame.all(in: try self.session.pullAll())
    self.act()
  }

  private func act() {
    self.session.actOnReady { stream in
      stream.discardInbound()
      self.session.credit(stream)
    }
  }

  /// How many times `bytes` may be sent before the session ends; nil: more often than `most`.
  func endures(_ bytes: (Int) -> [UInt8], most: Int = 1_000) throws -> Int? {
    for count in 0..<most {
      try self.send(bytes(count))
      if self.error != nil { return count }
    }
    return nil
  }

  /// The session ended at `limit`, and says so.
  func hasEnded(at limit: SessionLimit) -> Bool {
    guard self.error == .limitReached(limit), let goAway = self.sent.goAways.last else {
      return false
    }
    return goAway.code == ErrorCode.enhanceYourCalm.rawValue
      && goAway.debugText == limit.goAwayText
  }
}
