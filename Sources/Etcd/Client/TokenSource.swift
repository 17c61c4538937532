/// A token that etcd gave for a user's name and password, or the knowledge that it wants none.
struct AuthToken: Hashable, Sendable {
  /// Nil: etcd has no users at present.
  let value: String?
}

/// Keeps the token that goes with every call. Fetched when it is needed first and when etcd has refused
/// the one there was; once, however many calls wait for it.
actor TokenSource {
  private enum State {
    /// None is known. Can go to `fetching`.
    case none
    /// Asked for; belongs to no caller, so that one who gives up does not fail the others. Can go to
    /// `known` or `none`.
    case fetching(Task<Result<AuthToken, EtcdError>, Never>)
    /// Used until etcd refuses it. Can go to `none`.
    case known(AuthToken)
  }

  private var state = State.none
  private let fetch: @Sendable () async throws(EtcdError) -> AuthToken

  init(fetch: @escaping @Sendable () async throws(EtcdError) -> AuthToken) { self.fetch = fetch }

  func token() async throws(EtcdError) -> AuthToken {
    switch self.state {
    case .known(let token): return token
    case .fetching(let task): return try await task.value.get()
    case .none:
      let fetch = self.fetch
      let task = Task { () -> Result<AuthToken, EtcdError> in
        do throws(EtcdError) {
          return .success(try await fetch())
        } catch {
          return .failure(error)
        }
      }
      self.state = .fetching(task)
      let result = await task.value
      switch result {
      case .success(let token): self.state = .known(token)
      case .failure: self.state = .none
      }
      return try result.get()
    }
  }

  /// etcd does not take `token`. One that has been replaced already is left alone.
  func refused(_ token: AuthToken) {
    if case .known(token) = self.state { self.state = .none }
  }
}
