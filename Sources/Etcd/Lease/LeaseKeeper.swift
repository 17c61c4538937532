internal import Logging
internal import Synchronization

/// Keeps one registration in etcd: has a lease granted, lets the caller tie keys to it, keeps it alive, and
/// begins anew when it is lost, for as long as `run` runs.
public final class LeaseKeeper: Sendable {
  /// What the registration is worth at present.
  public enum State: Hashable, Sendable {
    /// There is none yet, or none any more. The error is what stands in the way, where that is known.
    case lost(EtcdError?)
    /// It is there, and may be relied on until then, whatever happens; mostly it is extended before.
    case held(LeaseID, until: ContinuousClock.Instant)
  }

  private struct Shown {
    var state = State.lost(nil)
    /// The lease whose keys are there.
    var registered = LeaseID.none
  }

  let client: EtcdClient
  let machine: Mutex<LeaseMachine>
  private let ttl: Duration
  private let register: @Sendable (LeaseID) async throws -> Void
  private let shown = Mutex(Shown())
  private let changes = AsyncStream.makeStream(of: State.self, bufferingPolicy: .bufferingNewest(1))

  /// - Parameters:
  ///   - ttl: how long the registration outlives the process, in whole seconds.
  ///   - register: ties keys to the lease, by Put or Txn. Called for each lease until it succeeds: after
  ///     a transient `EtcdError` again, though its work may have been done. Any other error ends `run`.
  public init(
    _ client: EtcdClient, ttl: Duration,
    register: @escaping @Sendable (LeaseID) async throws -> Void
  ) {
    self.client = client
    self.ttl = ttl
    self.register = register
    self.machine = Mutex(LeaseMachine(backoff: client.configuration.backoff, now: .now))
  }

  /// What the registration is worth now: `held` only while `until` is to come.
  public var state: State {
    let state = self.shown.withLock { $0.state }
    if case .held(_, let until) = state, until <= .now { return .lost(nil) }
    return state
  }

  /// The states from now on, for one reader. One that is slow misses all but the newest.
  public var states: AsyncStream<State> { self.changes.stream }

  /// Keeps the registration until the task is cancelled; then has etcd end it.
  ///
  /// - Throws: what `register` has thrown that no other attempt would mend.
  public func run() async throws {
    self.client.farewells.enter()
    defer { self.client.farewells.leave() }
    let result: Result<Void, any Error>
    do {
      result = .success(try await self.keep())
    } catch {
      result = .failure(error)
    }
    if let lease = self.lease { await self.revoke(lease) }
    self.show(.lost(nil))
    self.changes.continuation.finish()
    try result.get()
  }

  private func keep() async throws {
    while !Task.isCancelled {
      if let lease = self.lease {
        try await self.hold(lease)
        continue
      }
      switch self.machine.withLock({ $0.next(.now) }) {
      case .grant: await self.grant()
      case .wait(let until): await Self.sleep(until: until)
      case .lost, .renew, .reconnect, .waitForGrant:
        preconditionFailure("without a lease there is one to be granted")
      }
    }
  }

  private func grant() async {
    do throws(EtcdError) {
      let granted = try await self.client.grantLease(ttl: self.ttl)
      let ttl = Duration.seconds(granted.ttlSeconds)
      self.machine.withLock { _ = $0.granted(granted.id, ttl: ttl) }
    } catch {
      self.machine.withLock { $0.grantFailed(.now, chance: .random(in: -1...1)) }
      if error.reason != .cancelled { self.show(.lost(error)) }
    }
  }

  /// Outlives the cancelled task, for as long as one attempt at a call may take.
  private func revoke(_ lease: LeaseID) async {
    let client = self.client
    let revocation = Task { () -> EtcdError? in
      do throws(EtcdError) {
        try await client.revoke(lease, timeout: client.configuration.attemptTimeout)
        return nil
      } catch {
        return error
      }
    }
    if let error = await revocation.value {
      client.logger.warning(
        "cannot revoke a lease, which ends by itself",
        metadata: ["lease": "\(lease)", "error": "\(error)"])
    }
  }

  // MARK: - While there is a lease

  /// Registers, and renews, until the lease is lost.
  private func hold(_ lease: LeaseID) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { try await self.registerOnce(lease) }
      group.addTask { await self.renewUntilLost(lease) }
      group.addTask { await self.waitUntilOver(lease) }
      while let isLost = try await group.next(), !isLost {}
      group.cancelAll()
    }
    if !Task.isCancelled { self.show(.lost(nil)) }
  }

  /// - Returns: whether the lease is lost.
  private func registerOnce(_ lease: LeaseID) async throws -> Bool {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await self.register(lease)
        self.registered(lease)
        return false
      } catch let error as EtcdError where error.reason == .leaseNotFound {
        self.machine.withLock { $0.vanished(lease, .now, chance: .random(in: -1...1)) }
        return true
      } catch let error as EtcdError where error.isTransient {
        self.show(.lost(error))
        failures += 1
        let delay = self.client.configuration.backoff.delay(
          afterFailures: failures, chance: .random(in: -1...1))
        await Self.sleep(until: .now + delay)
      } catch {
        if Task.isCancelled { return true }
        throw error
      }
    }
    return true
  }

  private func waitUntilOver(_ lease: LeaseID) async -> Bool {
    while !Task.isCancelled, let until = self.until(lease) {
      await Self.sleep(until: until)
      // Nothing but the end is due where the time is over.
      self.machine.withLock { if until <= .now { $0.expire(.now) } }
    }
    return true
  }

  private func registered(_ lease: LeaseID) {
    self.shown.withLock { $0.registered = lease }
    self.extended(lease)
  }

  /// The lease holds longer than was shown.
  func extended(_ lease: LeaseID) {
    guard let until = self.until(lease), self.shown.withLock({ $0.registered }) == lease else {
      return
    }
    self.show(.held(lease, until: until))
  }

  private func show(_ state: State) {
    let isNews = self.shown.withLock { shown in
      defer { shown.state = state }
      return shown.state != state
    }
    if isNews { self.changes.continuation.yield(state) }
  }

  // MARK: - Parts

  private var lease: LeaseID? { self.machine.withLock { $0.lease?.id } }

  /// Until when `lease` may be relied on; nil: it is lost.
  func until(_ lease: LeaseID) -> ContinuousClock.Instant? {
    self.machine.withLock { $0.lease.flatMap { $0.id == lease ? $0.until : nil } }
  }

  /// Returns early where the task is cancelled, which callers look for.
  static func sleep(until: ContinuousClock.Instant) async {
    do {
      try await Task.sleep(until: until, clock: .continuous)
    } catch {
      // Cancelled.
      return
    }
  }
}
