public import CacheStore
internal import Synchronization

// What this node does for those that own what it has lost.
extension Handover: HandoverSource {
  /// How long an order waits for this node to see the ring that it goes by.
  private static let sealWaitMax: Duration = .seconds(1)

  public func seal(_ order: SealOrder) async throws(HandoverRefusal) -> SealAnswer {
    // One that asks too early lives, too.
    self.heard(from: order.heir)
    let end = ContinuousClock.now + Self.sealWaitMax
    while true {
      do throws(HandoverRefusal) {
        let answer = try self.state.withLock { state throws(HandoverRefusal) in
          guard var machine = state.machine else { throw .wait }
          // The loops draw no more versions for these hashes: none is above this one.
          let answer = try machine.seal(order, clock: self.store.clock.newest, .now)
          state.machine = machine
          return answer
        }
        self.update { _ in }
        return answer
      } catch {
        guard error == .wait, ContinuousClock.now < end, await Self.pause(.milliseconds(2)) else {
          throw error
        }
      }
    }
  }

  public func heard(from heir: MemberProcess) {
    self.state.withLock { $0.machine?.heard(from: heir, .now) }
  }

  public func isSealed(_ hash: UInt64, for heir: MemberProcess) -> Bool {
    self.sealed.withLock { $0[heir]?.contains(hash) ?? false }
  }

  public func sealed(_ arcs: ArcSet, for heir: MemberProcess) -> ArcSet {
    self.state.withLock { $0.machine?.sealed(arcs, for: heir, .now) ?? .none }
  }

  public func handedOver(_ arcs: ArcSet, to heir: MemberProcess, by epoch: Epoch) {
    let isConcerned = self.state.withLock { state in
      state.machine?.heard(from: heir, .now)
      return state.machine?.losses.contains { $0.heir == heir } ?? false
    }
    if isConcerned { self.update { $0.machine?.handedOver(arcs, to: heir, by: epoch) } }
  }
}
