internal import GRPC
internal import Logging
internal import NIOCore
internal import Synchronization
internal import Wire

/// Carries all watches of a client on one stream, and moves them to another when it fails.
final class WatchHub: Sendable {
  private struct State {
    var machine: WatchMachine
    var mailboxes: [WatchID: WatchMailbox] = [:]
    var lastID: UInt64 = 0
    var isStopped = false
    /// The open stream's ways out; nil: none is open.
    var outlets: WatchStreamOutlets?
  }

  private let state: Mutex<State>
  private let configuration: EtcdConfiguration
  private let logger: Logger
  /// Wakes `run` when there is a watch to serve.
  private let wanted = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  init(_ configuration: EtcdConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
    self.state = Mutex(
      State(
        machine: WatchMachine(
          progressInterval: configuration.progressInterval,
          progressTimeout: configuration.progressTimeout,
          hasCredentials: configuration.credentials != nil)))
  }

  // MARK: - For readers

  func watch(_ keys: KeyRange, from revision: Revision, wantsPrevious: Bool) -> WatchSequence {
    let mailbox = WatchMailbox(bytesMax: self.configuration.watchBufferMaxBytes)
    let id = self.state.withLock { state -> WatchID in
      state.lastID += 1
      let id = WatchID(rawValue: state.lastID)
      if state.isStopped {
        mailbox.finish(.success(nil))
      } else if state.mailboxes.count >= self.configuration.watchesMax {
        mailbox.finish(
          .failure(
            .cancelled(
              reason: "\(self.configuration.watchesMax) watches are open (watchesMax)")))
      } else {
        state.mailboxes[id] = mailbox
        Self.perform(
          state.machine.add(id, keys, from: revision, wantsPrevious: wantsPrevious), &state)
      }
      return id
    }
    self.wanted.continuation.yield()
    return WatchSequence(subscription: WatchSubscription(id, mailbox, self))
  }

  func remove(_ id: WatchID) {
    self.state.withLock { state in
      state.mailboxes[id] = nil
      Self.perform(state.machine.remove(id), &state)
      if !state.machine.isWanted { state.outlets?.close(.notWanted) }
    }
  }

  /// The reader of a watch that was behind has read all.
  func drained(_ id: WatchID) {
    self.state.withLock { Self.perform($0.machine.resume(id), &$0) }
  }

  // MARK: - Effects

  /// Under the lock, so that requests go out in the order in which the machine made them. Nothing here
  /// waits, or comes back to the hub.
  private static func perform(_ effects: [WatchMachine.Effect], _ state: inout State) {
    for effect in effects {
      switch effect {
      case .send(let request): state.outlets?.requests.yield(request)
      case .deliver(let id, let batch):
        if state.mailboxes[id]?.deliver(batch) == false {
          Self.perform(state.machine.pause(id), &state)
        }
      case .end(let id, let end):
        state.mailboxes.removeValue(forKey: id)?.finish(.failure(end))
        if !state.machine.isWanted { state.outlets?.close(.notWanted) }
      case .probe: state.outlets?.probes.yield()
      case .renewToken: state.outlets?.close(.tokenRefused)
      case .drop(let fault): state.outlets?.close(.fault(fault))
      }
    }
  }

  // MARK: - The stream

  func run(_ client: EtcdClient) async {
    var failures = 0
    var wanted = self.wanted.stream.makeAsyncIterator()
    while !Task.isCancelled {
      guard self.state.withLock({ $0.machine.isWanted }) else {
        _ = await wanted.next()
        continue
      }
      let began = ContinuousClock.now
      let isFailure = await self.serve(client)
      // A stream that lasted was a good one, however it ended. A first failure is no reason to wait:
      // there are other endpoints, and the one that failed is left alone.
      let lasted = ContinuousClock.now - began >= self.configuration.backoff.max
      failures = isFailure ? (lasted ? 1 : failures + 1) : 0
      let delay = self.configuration.backoff.delay(
        afterFailures: failures - 1, chance: .random(in: -1...1))
      do {
        try await Task.sleep(for: delay)
      } catch {
        // Cancelled, which the loop looks for.
        continue
      }
    }
    let mailboxes = self.state.withLock { state in
      state.isStopped = true
      return Array(state.mailboxes.values)
    }
    for mailbox in mailboxes { mailbox.finish(.success(nil)) }
  }

  /// Opens a stream and serves it to its end.
  ///
  /// - Returns: whether something is wrong.
  private func serve(_ client: EtcdClient) async -> Bool {
    let stream: EtcdStream
    do throws(EtcdError) {
      stream = try await client.open(.watch)
    } catch {
      self.logger.debug("cannot watch etcd", metadata: ["error": "\(error)"])
      return true
    }
    let (requests, probes) = (
      AsyncStream.makeStream(of: WatchRequest.self),
      AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    )
    self.state.withLock { state in
      state.outlets = WatchStreamOutlets(
        requests: requests.continuation, probes: probes.continuation, call: stream.call)
      Self.perform(state.machine.streamOpened(.now), &state)
    }
    let failure = await self.pump(client, stream, requests.stream, probes.stream)
    let reason = self.state.withLock { state in
      defer { state.outlets = nil }
      state.machine.streamClosed()
      return state.outlets?.closeReason
    }
    return await self.judge(client, stream, reason, failure)
  }

  /// Runs the stream's four concerns until one of them ends.
  ///
  /// - Returns: why; nil: etcd has ended the stream well, or the task was cancelled.
  private func pump(
    _ client: EtcdClient, _ stream: EtcdStream, _ requests: AsyncStream<WatchRequest>,
    _ probes: AsyncStream<Void>
  ) async -> (any Error)? {
    await withTaskGroup(of: (any Error)?.self) { group in
      group.addTask {
        do {
          for await request in requests {
            try await stream.call.send(ByteBuffer(bytes: request.serialized()))
          }
          return nil
        } catch {
          return error
        }
      }
      group.addTask {
        do {
          for try await message in stream.call.messages {
            let response = try WatchResponse(decoding: message.readableBytesSpan)
            self.state.withLock { Self.perform($0.machine.received(response, .now), &$0) }
          }
          return nil
        } catch {
          return error
        }
      }
      group.addTask {
        await self.tick()
        return nil
      }
      group.addTask {
        for await _ in probes { await self.probe(client, stream) }
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }

  private func tick() async {
    while !Task.isCancelled {
      let next = self.state.withLock { state -> ContinuousClock.Instant? in
        let (effects, next) = state.machine.tick(.now)
        Self.perform(effects, &state)
        return next
      }
      guard let next else { return }
      do {
        try await Task.sleep(until: next, clock: .continuous)
      } catch {
        // Cancelled: the stream has ended.
        return
      }
    }
  }

  /// Asks the stream's own endpoint, which must ask its leader.
  private func probe(_ client: EtcdClient, _ stream: EtcdStream) async {
    // A key that the caller may read: one that it watches.
    let key = self.state.withLock { $0.machine.watches.values.first?.keys.start } ?? [0]
    var request = RangeRequest(.key(key))
    request.isCountOnly = true
    let attempt = CallAttempt(
      .range, at: stream.index, of: client.endpoints, token: stream.token,
      by: .now + self.configuration.attemptTimeout,
      timeoutMax: self.configuration.attemptTimeout)
    let outcome = await attempt.make(request.serialized())
    self.state.withLock { state in
      var effects: [WatchMachine.Effect]
      do throws(EtcdError) {
        switch outcome {
        case .answered(let answer):
          let response: RangeResponse = try attempt.decode(answer)
          effects = state.machine.probed(response.header.revision, .now)
        case .failed(let error, let remedy):
          self.logger.debug("etcd watch probe failed", metadata: ["error": "\(error)"])
          effects = remedy == .renewToken ? [.renewToken] : state.machine.probeFailed()
        }
      } catch {
        self.logger.warning("etcd watch probe failed", metadata: ["error": "\(error)"])
        effects = state.machine.probeFailed()
      }
      Self.perform(effects, &state)
    }
  }

  /// What the end of a stream means for its endpoint and its token.
  private func judge(
    _ client: EtcdClient, _ stream: EtcdStream, _ reason: WatchStreamOutlets.CloseReason?,
    _ failure: (any Error)?
  ) async -> Bool {
    let endpoint = "\(client.endpoints.endpoints[stream.index])"
    switch reason {
    case .notWanted: return false
    case .tokenRefused:
      await client.refused(stream.token)
      return true
    case .fault(let fault):
      client.endpoints.failed(stream.index, "the watch stream is \(fault)")
      return true
    case nil:
      guard !Task.isCancelled else { return false }
      let ended = await client.ended(
        stream, failure ?? Status(.unavailable, "etcd ended the watch stream"))
      self.logger.debug(
        "etcd watch stream ended", metadata: ["endpoint": "\(endpoint)", "error": "\(ended)"])
      return true
    }
  }
}
