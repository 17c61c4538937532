internal import GRPC
internal import Logging
internal import NIOCore
internal import Synchronization
internal import Wire

// Renewals, on one stream after the other.
extension LeaseKeeper {
  /// Renews until the lease is lost, or the task is cancelled.
  ///
  /// - Returns: true.
  func renewUntilLost(_ lease: LeaseID) async -> Bool {
    var failures = 0
    while !Task.isCancelled, self.until(lease) != nil {
      let began = ContinuousClock.now
      if let error = await self.renew(lease) {
        self.client.logger.debug(
          "a lease is not renewed", metadata: ["lease": "\(lease)", "error": "\(error)"])
      }
      // A first failure is no reason to wait: there are other endpoints.
      let backoff = self.client.configuration.backoff
      failures = ContinuousClock.now - began >= backoff.max ? 1 : failures + 1
      let delay = backoff.delay(afterFailures: failures - 1, chance: .random(in: -1...1))
      await Self.sleep(until: .now + delay)
    }
    return true
  }

  /// Renews on one stream, to its end.
  ///
  /// - Returns: why it has ended; nil: the lease is lost.
  private func renew(_ lease: LeaseID) async -> EtcdError? {
    let stream: EtcdStream
    do throws(EtcdError) {
      stream = try await self.client.open(.leaseKeepAlive)
    } catch {
      return error
    }
    self.machine.withLock { $0.connected(.now) }
    defer { self.machine.withLock { $0.disconnected() } }
    let failure = await withTaskGroup(of: (any Error)?.self) { group in
      group.addTask { await self.send(lease, on: stream) }
      group.addTask { await self.receive(lease, on: stream) }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    guard let failure, !Task.isCancelled else { return nil }
    return await self.client.ended(stream, failure)
  }

  private func send(_ lease: LeaseID, on stream: EtcdStream) async -> (any Error)? {
    let request = ByteBuffer(bytes: LeaseRequest(lease).serialized())
    while !Task.isCancelled {
      switch self.machine.withLock({ $0.next(for: lease, .now) }) {
      case .renew:
        do {
          try await stream.call.send(request)
        } catch {
          return error
        }
      case .wait(let until): await Self.sleep(until: until)
      case .reconnect: return Status(.unavailable, "a lease's renewal was not answered")
      case .lost, .grant, .waitForGrant: return nil
      }
    }
    return nil
  }

  private func receive(_ lease: LeaseID, on stream: EtcdStream) async -> (any Error)? {
    do {
      for try await message in stream.call.messages {
        let answer = try LeaseKeepAliveResponse(decoding: message.readableBytesSpan)
        let outcome = self.machine.withLock {
          $0.renewed(
            answer.id, ttl: .seconds(answer.ttlSeconds), .now, chance: .random(in: -1...1))
        }
        switch outcome {
        case .held:
          self.client.endpoints.succeeded(stream.index)
          self.extended(lease)
        case .lost: return nil
        case .ignored: break
        }
      }
      return Status(.unavailable, "etcd ended the stream of renewals")
    } catch {
      return error
    }
  }
}
