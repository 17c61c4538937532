public import CacheStore
public import Etcd
public import Logging
internal import Synchronization

/// This node's membership of a cluster in etcd: it registers, keeps the registration, and shows who else is
/// there, for as long as `run` runs.
///
/// What is known stays known while etcd is away: the last view goes on, with a `standing` that says what
/// this node may do without a lease.
public final class Membership: Sendable {
  /// What the tasks of a membership share. Views are passed on under its lock, so that they arrive in
  /// the order in which they were made.
  struct State {
    var machine: MembershipMachine
    var registration: RegistrationMachine
    var standing: StandingMachine
    /// Ends the watch under way, because something else is to be done.
    var interruption: AsyncStream<Void>.Continuation?
    var readers: [AsyncStream<ClusterView>.Continuation] = []
    /// This node has seen itself among the members, with a lease.
    var hasArrived = false
    /// The view that people were told of last.
    var logged: ClusterView?
    /// Why this node is not a member, as far as people were told.
    var warnings = RareWarnings()
    var isOver = false
  }

  let configuration: MembershipConfiguration
  let keys: MembershipKeys
  let etcd: EtcdClient
  let clock: VersionClock
  let survey: any PeerSurvey
  let logger: Logger
  let state: Mutex<State>
  /// What is to be done about the registration because of what the watch has shown: one thing at a time,
  /// as the machine waits for its answer.
  let registrations = AsyncStream.makeStream(of: RegistrationMachine.Effect.self)
  /// Ends when this node has registered for the first time.
  let firstRegistration = AsyncStream.makeStream(of: Never.self)
  /// See `servingEnds`.
  let ends = AsyncStream.makeStream(of: ServingEnd.self, bufferingPolicy: .bufferingNewest(1))

  /// How often time is looked at, for leases that end and losses that have lasted.
  private static let tickInterval: Duration = .milliseconds(250)
  /// How often the others are asked while the lease is in doubt.
  private static let surveyInterval: Duration = .milliseconds(500)

  /// The next survey is over before then: each takes a sixth of the lease's time where somebody does not
  /// answer (see `PeerSurvey`), and as long again is left to a machine that is busy.
  private static func surveyAgeMax(_ configuration: MembershipConfiguration) -> Duration {
    configuration.leaseTTL / 3 + self.surveyInterval * 2
  }

  /// - Parameters:
  ///   - etcd: somebody runs it.
  ///   - clock: draws this node's versions; begins above all that the cluster has drawn.
  ///   - survey: asks other nodes.
  public init(
    _ configuration: MembershipConfiguration, etcd: EtcdClient, clock: VersionClock,
    survey: some PeerSurvey, logger: Logger
  ) throws(MembershipConfiguration.Invalid) {
    try configuration.validate()
    let keys = MembershipKeys(cluster: configuration.cluster)
    let id = configuration.member.id
    self.configuration = configuration
    self.keys = keys
    self.etcd = etcd
    self.clock = clock
    self.survey = survey
    self.logger = logger
    // A clock that has gone back is made good when the key is found.
    let member = configuration.member.with(incarnation: WallClock.milliseconds())
    self.state = Mutex(
      State(
        machine: MembershipMachine(
          keys, id: id, lossHold: configuration.massLossHold, leaseTTL: configuration.leaseTTL),
        registration: RegistrationMachine(member),
        standing: StandingMachine(
          servesWithoutLease: configuration.servesWithoutLease,
          surveyLead: configuration.leaseTTL / 3, surveyAgeMax: Self.surveyAgeMax(configuration))))
  }

  // MARK: - What is known

  /// The newest view; nil before the first.
  public var view: ClusterView? { self.state.withLock { $0.machine.view } }

  /// Who is dead is no member of the newest view once its lease is over. Not so while this node has no lease
  /// itself, which etcd may be the reason for, or has missed something and lists it, or a loss of many nodes
  /// at once is held.
  public var showsWhoLives: Bool { self.state.withLock { $0.machine.showsWhoLives } }

  /// The newest view, once there is one, and all those that follow: also of a ring that came and went, for
  /// what a node has lost to it must not come back. Ends with the membership.
  public func views() -> AsyncStream<ClusterView> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: ClusterView.self, bufferingPolicy: .unbounded)
    self.state.withLock { state in
      if let view = state.machine.view { continuation.yield(view) }
      if state.isOver { continuation.finish() }
      // One that has ended is forgotten at the next view, and not in its `onTermination`: who cancels a
      // reader holds a lock of its task then, which whoever passes it a view under this lock waits for.
      state.readers.append(continuation)
    }
    return stream
  }

  /// Until when this node may serve.
  public var servingEnd: ServingEnd { self.state.withLock { $0.standing.servingEnd } }

  /// The same whenever it changes, for one reader. A reader that is slow misses all but the newest.
  public var servingEnds: AsyncStream<ServingEnd> { self.ends.stream }

  /// What this node answers when another asks for its lease.
  public var report: PeerReport { self.state.withLock { $0.standing.report(.now) } }

  /// This node as it is registered, or would be.
  public var member: Member { self.state.withLock { $0.registration.member } }

  /// What there is to be known of this membership at one moment.
  public var snapshot: MembershipSnapshot {
    self.state.withLock { state in
      let now = ContinuousClock.now
      return MembershipSnapshot(
        cluster: self.configuration.cluster, member: state.registration.member,
        view: state.machine.view, leases: state.machine.leases, lease: state.registration.lease,
        leaseLeft: state.standing.leaseEnd.flatMap { $0 > now ? now.duration(to: $0) : nil },
        etcdFailures: self.etcd.failures)
    }
  }

  // MARK: - What changes

  /// Another node has shown its epoch: where that is of a newer history of etcd, this node looks.
  public func heard(_ epoch: Epoch) {
    self.state.withLock { state in
      state.machine.heard(incarnation: epoch.incarnation)
      state.interruption?.yield()
    }
  }

  /// Has the others see this node in another state, such as `leaving`. Returns before they do: views show
  /// when.
  public func change(to state: Member.State) {
    let effect = self.state.withLock { $0.registration.change(to: state) }
    if effect != .none { self.registrations.continuation.yield(effect) }
  }

  /// Gives this node another part of the keys until it ends, and waits until this node sees that itself.
  ///
  /// - Parameters:
  ///   - weight: one that a ring takes.
  ///   - timeout: how long to wait at most, such as while etcd is away. The weight is changed all the same,
  ///     as soon as that can be.
  /// - Returns: the first view that has it; nil: the time was over.
  public func change(weight: Double, timeout: Duration) async -> ClusterView? {
    let effect = self.state.withLock { $0.registration.change(weight: weight) }
    if effect != .none { self.registrations.continuation.yield(effect) }
    return await self.view(within: timeout) { $1?.weight == weight }
  }

  /// Has the others take this node off their rings, so that its going is no loss to be held, and waits
  /// until this node sees it itself. For a node that is told to stop, before `run`'s task is cancelled.
  ///
  /// - Parameter timeout: how long to wait at most, such as while etcd is away.
  public func leave(timeout: Duration) async {
    self.change(to: .leaving)
    _ = await self.view(within: timeout) { !($1?.isOnRing ?? false) }
  }

  /// Where others may have this node on their rings already, and it has not seen that yet: waits until it
  /// has.
  ///
  /// - Parameter timeout: how long to wait at most, such as while etcd is away.
  public func arrive(timeout: Duration) async {
    let isComing = self.state.withLock { $0.registration.mayBeThere && !$0.hasArrived }
    guard isComing else { return }
    _ = await self.view(within: timeout) {
      $0.standing == .leased && $1.map(MemberProcess.init) == MemberProcess(self.member)
    }
  }

  /// The first view with which `isMeant` agrees, given it and what it says of this node; nil: the time was
  /// over, or the registration is.
  private func view(
    within timeout: Duration, where isMeant: @escaping @Sendable (ClusterView, Member?) -> Bool
  ) async -> ClusterView? {
    let id = self.configuration.member.id
    return await withTaskGroup(of: ClusterView?.self) { group in
      group.addTask {
        _ = await Self.sleep(timeout)
        return nil
      }
      group.addTask {
        for await view in self.views()
        where isMeant(view, view.members.first(where: { $0.id == id })) { return view }
        return nil
      }
      let view = await group.next() ?? nil
      group.cancelAll()
      return view
    }
  }

  /// Once: registers, and follows the cluster, until the task is cancelled; then ends the registration.
  ///
  /// - Throws: `MembershipError`, where this node cannot be a member.
  public func run() async throws {
    defer { self.finish() }
    // Whoever sees the registration may call: versions begin above the floor before that.
    guard try await self.prepare() else { return }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.register() }
      group.addTask { await self.follow() }
      group.addTask { await self.audit() }
      group.addTask { await self.keepClockFloor() }
      group.addTask { await self.keepTime() }
      group.addTask { await self.keepAsking() }
      // All of them run until they are cancelled, or this node cannot be a member.
      try await group.next()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  private func finish() {
    let readers = self.state.withLock { state in
      state.isOver = true
      return state.readers
    }
    for reader in readers { reader.finish() }
    self.ends.continuation.finish()
  }

  // MARK: - Time

  /// Looks for what is over because of time alone.
  private func keepTime() async {
    while await Self.sleep(Self.tickInterval) {
      self.state.withLock { state in
        let now = ContinuousClock.now
        state.standing.tick(now)
        self.stand(&state, now)
        self.pass(state.machine.tick(now), &state)
      }
    }
  }

  /// Asks the others for their leases while this node's is in doubt.
  private func keepAsking() async {
    let id = self.configuration.member.id
    while await Self.sleep(Self.surveyInterval) {
      let ring = self.state.withLock { state in
        state.standing.wantsSurvey(.now) ? state.machine.view?.members : nil
      }
      guard let ring else { continue }
      let began = ContinuousClock.now
      let reports = await withTaskGroup(of: (String, PeerReport?).self) { group in
        for member in ring where member.isOnRing && member.id != id {
          group.addTask { (member.id, await self.survey.report(of: member)) }
        }
        var reports: [String: PeerReport] = [:]
        for await (id, report) in group { reports[id] = report }
        return reports
      }
      self.state.withLock { state in
        let now = ContinuousClock.now
        state.standing.surveyed(reports, by: id, of: ring, began: began, now)
        self.stand(&state, now)
      }
    }
  }

  /// - Returns: false where the task was cancelled.
  static func sleep(_ duration: Duration) async -> Bool {
    do {
      try await Task.sleep(for: duration)
      return true
    } catch {
      return false
    }
  }
}
