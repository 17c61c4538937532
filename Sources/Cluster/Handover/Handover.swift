public import CacheStore
internal import HashRing
public import Logging
internal import NIOCore
internal import Synchronization

/// A node's part in the handover of keys, as its cluster's ring changes: what it gains it gets from those
/// that had it, and what it has lost it keeps for those that own it now.
///
/// `HandoverMachine` decides; this does what the machine shows to be done, each piece of work in a task of
/// its own, and has the event loops go by the outcome.
///
///     view ── change ──> machine ── work ──> tasks: seal, stream, release, clear, forget
///                           └── arrivals ──> event loops
public final class Handover: Sendable {
  typealias Work = HandoverMachine.Work

  struct State {
    /// Nil: the node is in no cluster yet.
    var machine: HandoverMachine?
    var ring: Ring?
    var members: [MemberProcess: Member] = [:]
    /// What the store has been told to track.
    var tracked = ArcSet.none
    /// Grows with each change of any of these.
    var changes = 0
    /// The arrivals that the event loops go by may be others than the machine's.
    var isUntold = false
    /// Somebody waits to leave.
    var isUrgent = false
    /// What is lost on its way here.
    var warnings = RareWarnings()
  }

  enum Event: Sendable {
    case changed
    case ended(Work, task: Int)
  }

  let store: Store
  let forwarding: Forwarding
  let peer: any HandoverPeer
  let time: @Sendable () -> StoreTime
  let skewMaxMilliseconds: UInt64
  let logger: Logger
  let state = Mutex(State())
  /// What is sealed for whom: for event loops, which must not wait for `state`.
  let sealed = Mutex<[MemberProcess: ArcSet]>([:])
  let events = AsyncStream.makeStream(of: Event.self)
  /// Changes of what event loops go by come one after the other.
  private let turns = Turns()
  let register: MigrationRegister

  /// How often time is looked at.
  private static let tickInterval: Duration = .milliseconds(500)

  /// - Parameters:
  ///   - peer: by which other nodes are called.
  ///   - register: of the node's migrations, in both directions.
  ///   - time: reads the clocks for the store.
  public init(
    store: Store, forwarding: Forwarding, peer: some HandoverPeer, register: MigrationRegister,
    configuration: ForwardingConfiguration, time: @escaping @Sendable () -> StoreTime,
    logger: Logger
  ) {
    self.store = store
    self.forwarding = forwarding
    self.peer = peer
    self.register = register
    self.skewMaxMilliseconds = UInt64(max(0, configuration.clockSkewMax.nanoseconds / 1_000_000))
    self.time = time
    self.logger = logger
  }

  // MARK: - The ring changes

  /// Has the node go by another table, and returns when all event loops do.
  ///
  /// - Parameters:
  ///   - members: all that are registered, on the ring or not.
  ///   - own: this process.
  ///   - isAnew: others may have owned what it held: it holds nothing any more, and begins anew.
  public func change(
    to table: RoutingTable, members: [Member], own: MemberProcess, isAnew: Bool
  ) async {
    await self.turns.take {
      let arrivals = self.update { state in
        if isAnew || state.machine?.own != own { state.machine = nil }
        Self.change(&state, to: table, members: members, own: own, self.store.clock.newest)
        state.isUntold = false
        return state.machine?.arrivals ?? .none
      }
      await self.forwarding.install(table, arrivals: arrivals)
      self.update { $0.machine?.isInstalled(table.epoch) }
    }
  }

  private static func change(
    _ state: inout State, to table: RoutingTable, members: [Member], own: MemberProcess,
    _ clock: Version
  ) {
    state.members = Dictionary(uniqueKeysWithValues: members.map { (MemberProcess($0), $0) })
    var before: Placement?
    if state.machine == nil {
      state.machine = HandoverMachine(own: own)
      state.ring = nil
      before = Placement(table, without: [own.id])
    }
    let placement: Placement
    if table.ring === state.ring, let last = state.machine?.placement {
      placement = Placement(epoch: table.epoch, arcs: last.arcs)
    } else {
      placement = Placement(table)
    }
    state.ring = table.ring
    state.machine?.change(
      to: placement, before: before, alive: Set(state.members.keys),
      owners: Set(members.lazy.filter { $0.state != .joining }.map { MemberProcess($0) }),
      clock: clock, .now)
  }

  /// Others may have owned what this node holds: it is about to be forgotten, and nothing more comes in
  /// until the next `change`.
  public func reset() { self.update { $0.machine = nil } }

  // MARK: - Running

  /// Does what is to be done until the task is cancelled.
  public func run() async {
    let ticks = Task {
      while await Self.pause(Self.tickInterval) {
        // A cluster in which nothing moves wakes no event loop.
        if self.state.withLock({ $0.machine?.isAtRest ?? true }) { continue }
        self.update { $0.machine?.tick(.now) }
      }
    }
    let signs = Task { await self.giveSigns() }
    var table = WorkTable<Work>()
    var tasks: [Work: (number: Int, task: Task<Void, Never>)] = [:]
    for await event in self.events.stream {
      if case .ended(let work, let number) = event {
        table.ended(work, task: number)
        if tasks[work]?.number == number { tasks[work] = nil }
      }
      await self.tellLoops()
      let change = table.want(self.state.withLock { $0.machine?.work ?? [] })
      for work in change.ended { tasks[work]?.task.cancel() }
      for (work, number) in change.begun {
        // One that was cancelled may take a while to end, and nothing else waits for it; but two at once
        // would be in each other's way.
        let previous = tasks[work]?.task
        let task = Task {
          await previous?.value
          if !Task.isCancelled { await self.perform(work) }
          self.events.continuation.yield(.ended(work, task: number))
        }
        tasks[work] = (number, task)
      }
    }
    ticks.cancel()
    signs.cancel()
    for (_, task) in tasks.values { task.cancel() }
    for (_, task) in tasks.values { await task.value }
    await signs.value
  }

  private func tellLoops() async {
    await self.turns.take {
      let arrivals = self.state.withLock { state -> Arrivals? in
        guard state.isUntold else { return nil }
        state.isUntold = false
        return state.machine?.arrivals
      }
      if let arrivals { await self.forwarding.install(arrivals) }
    }
  }

  /// Changes what is known, and has everybody heed it.
  @discardableResult
  func update<Result>(_ body: (inout State) -> Result) -> Result {
    let result = self.state.withLock { state in
      let result = body(&state)
      state.changes += 1
      self.track(state.machine?.tracked ?? .none, &state)
      let isUrgent = state.machine?.isUrgent ?? false
      if isUrgent != state.isUrgent {
        state.isUrgent = isUrgent
        self.register.setHurried(isUrgent)
      }
      state.isUntold = true
      let sealed = state.machine?.sealedByHeir ?? [:]
      self.sealed.withLock { $0 = sealed }
      return result
    }
    self.events.continuation.yield(.changed)
    return result
  }

  private func track(_ arcs: ArcSet, _ state: inout State) {
    guard arcs != state.tracked else { return }
    // In this order, so that nothing that stays is untracked meanwhile.
    self.store.track(arcs.subtracting(state.tracked))
    self.store.untrack(state.tracked.subtracting(arcs))
    state.tracked = arcs
  }

  /// - Returns: false where the task was cancelled.
  @discardableResult
  static func pause(_ duration: Duration) async -> Bool {
    do {
      try await Task.sleep(for: duration)
      return true
    } catch {
      return false
    }
  }
}
