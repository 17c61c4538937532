/// Why there is no connection to a server.
public struct ConnectionFailure: Error, Sendable {
  /// UNAVAILABLE; names the server and the reason.
  public let status: Status
  /// Somebody at the address said that nobody listens there: no packet was lost on the way.
  public let wasRefused: Bool

  public init(_ status: Status, wasRefused: Bool = false) {
    self.status = status
    self.wasRefused = wasRefused
  }
}
