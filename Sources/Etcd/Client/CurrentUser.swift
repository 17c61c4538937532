internal import Synchronization

/// The user that a client of etcd is, which may be another while it runs.
final class CurrentUser: Sendable {
  private let state: Mutex<EtcdCredentials?>

  init(_ credentials: EtcdCredentials?) { self.state = Mutex(credentials) }

  /// Nil: the client was made without.
  var credentials: EtcdCredentials? { self.state.withLock { $0 } }

  func replace(with credentials: EtcdCredentials) {
    self.state.withLock { if $0 != nil { $0 = credentials } }
  }
}
