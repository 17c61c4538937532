internal import Etcd
internal import Logging
internal import Synchronization

// Lists and watches the members.
extension Membership {
  /// Does what the machine wants next, until the task is cancelled; from the time on at which others may see
  /// this node. Etcd shows what a list contains at once, but a watch that begins behind the newest revision
  /// what it has missed in up to 100 ms, in which calls for this node's keys would wait.
  func follow() async {
    for await _ in self.firstRegistration.stream {}
    // In a row: without a watch that lasted in between.
    var failures = 0
    while !Task.isCancelled {
      var hasFailed = false
      let step = self.state.withLock { $0.machine.step }
      do throws(EtcdError) {
        switch step {
        case .list: try await self.list()
        case .raise(let incarnation, let revision):
          try await self.raise(to: incarnation, replacing: revision)
        case .watch:
          let began = ContinuousClock.now
          await self.watch()
          // One that ends as soon as it has begun, as where etcd refuses it, is no better than none.
          hasFailed = ContinuousClock.now - began < Self.backoff.max
          if !hasFailed { failures = 0 }
        }
      } catch {
        hasFailed = true
        self.logger.warning(
          "cannot follow the cluster in etcd; what is known stays",
          metadata: ["step": "\(step)", "error": "\(error)"])
        // Whether it was done a list shows.
        self.state.withLock { $0.machine.raised() }
      }
      if hasFailed {
        failures += 1
        let delay = Self.backoff.delay(afterFailures: failures, chance: .random(in: -1...1))
        guard await Self.sleep(delay) else { return }
      }
    }
  }

  /// For a watch to show what a list has shown: longer than etcd may stand still between the two, for who
  /// has missed something forgets what it holds.
  private static let auditPatience: Duration = .seconds(10)

  /// Between attempts at etcd that fail, which takes its own time to find that out.
  static let backoff = RetryBackoff(initial: .milliseconds(50), max: .seconds(2))

  private func list() async throws(EtcdError) {
    let listing = try await self.etcd.list(self.keys.watched)
    self.state.withLock { self.pass($0.machine.listed(listing, .now), &$0) }
  }

  private func raise(to incarnation: UInt64, replacing revision: Revision) async throws(EtcdError) {
    let key = Array(self.keys.incarnation.utf8)
    // Of nodes that find the same new history one succeeds; the others see in the list that it did.
    _ = try await self.etcd.transact(
      Transaction(
        if: [Compare(.key(key), .equal, .modRevision(revision))],
        then: [.put(PutRequest(key, Array("\(incarnation)".utf8)))]))
    self.state.withLock { $0.machine.raised() }
  }

  /// Passes on what changes until something else is to be done.
  private func watch() async {
    let (interruptions, interruption) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let revision = self.state.withLock { state in
      state.interruption = interruption
      return state.machine.watchFrom
    }
    defer { self.state.withLock { $0.interruption = nil } }
    let watch = self.etcd.watch(self.keys.watched, fromRevision: revision)
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        do throws(WatchEnd) {
          var batches = watch.makeAsyncIterator()
          while let batch = try await batches.next() {
            let isOver = self.state.withLock { state in
              self.pass(state.machine.changed(batch.events, .now), &state)
              return state.machine.step != .watch
            }
            if isOver { return }
          }
        } catch {
          self.logger.notice("the watch of the cluster has ended", metadata: ["reason": "\(error)"])
          self.state.withLock { $0.machine.watchEnded(error) }
        }
      }
      group.addTask {
        for await _ in interruptions
        where self.state.withLock({ $0.machine.step != .watch }) {
          return
        }
      }
      await group.next()
      group.cancelAll()
    }
  }

  /// Lists all keys from time to time. A watch that is silently dead would show nothing for ever, and one
  /// that comes back to a restored etcd whose revisions have meanwhile grown past what the node had seen
  /// goes on as if nothing had happened, and misses what came before.
  func audit() async {
    // Not all nodes at once, though they have started together.
    while await Self.sleep(self.configuration.auditInterval * Double.random(in: 0.75...1.25)) {
      guard let mark = self.state.withLock({ $0.machine.auditMark }) else { continue }
      do throws(EtcdError) {
        let listing = try await self.etcd.list(self.keys.watched)
        let isAhead = self.state.withLock { state in
          defer { state.interruption?.yield() }
          return state.machine.audited(listing, since: mark)
        }
        guard isAhead else { continue }
        // A watch that lives shows it by then.
        guard await Self.sleep(Self.auditPatience) else { return }
        self.state.withLock { state in
          state.machine.missed(listing, since: mark)
          state.interruption?.yield()
        }
      } catch {
        // Whoever watches says so, if it matters.
        self.logger.debug("cannot list the cluster", metadata: ["error": "\(error)"])
      }
    }
  }
}
