internal import Logging

/// A line of waiters under one prefix in etcd: each has a key, tied to its lease, and the oldest key is at
/// the front. Elections and locks are made of it (etcd, client/v3/concurrency).
///
/// No time is measured: who is at the front stays there until its key is gone, by its own doing or with
/// its lease. So one that may have lost its lease must not act as if it were at the front: see `LeaseKeeper`.
struct WaitLine: Sendable {
  let client: EtcdClient
  /// With a slash at its end.
  let prefix: String

  init(_ client: EtcdClient, name: String) {
    self.client = client
    self.prefix = name.hasSuffix("/") ? name : name + "/"
  }

  /// Joins the line, or finds the place that the lease has there already.
  func join(_ lease: LeaseID, value: [UInt8]) async throws(EtcdError) -> LinePlace {
    let key = Array("\(self.prefix)\(lease)".utf8)
    let put = PutRequest(key, value, lease: lease)
    let transaction = Transaction(
      if: [.isAbsent(key)], then: [.put(put)], else: [.range(RangeRequest(.key(key)))])
    while true {
      let response: TransactionResponse
      do throws(EtcdError) {
        response = try await self.client.transact(transaction)
      } catch {
        // Done twice it finds what it did the first time.
        guard error.isOutcomeUnknown, error.isTransient else { throw error }
        try await Self.pause(self.client)
        continue
      }
      if response.hasSucceeded { return LinePlace(key: key, revision: response.header.revision) }
      guard case .range(let range) = response.responses.first, let own = range.keyValues.first
      else { continue }
      if own.value != value {
        try await self.rewrite(LinePlace(key: key, revision: own.createRevision), value, lease)
      }
      return LinePlace(key: key, revision: own.createRevision)
    }
  }

  /// Changes what a place says; nobody changes places.
  func rewrite(
    _ place: LinePlace, _ value: [UInt8], _ lease: LeaseID
  ) async throws(EtcdError) {
    let response = try await self.client.transact(
      Transaction(
        if: [place.isHeld], then: [.put(PutRequest(place.key, value, lease: lease))]))
    guard response.hasSucceeded else { throw Self.lost(place) }
  }

  /// Waits until the place is at the front. Needs the client's `run`.
  ///
  /// - Throws: also `leaseNotFound` where the place itself is gone.
  func waitForFront(_ place: LinePlace) async throws(EtcdError) {
    while true {
      var request = RangeRequest(.prefix(self.prefix))
      request.createRevisionMax = Revision(rawValue: place.revision.rawValue - 1)
      request.sortOrder = .descending
      request.sortTarget = .createRevision
      request.limit = 1
      request.isKeysOnly = true
      let before = try await self.client.range(request)
      guard let predecessor = before.keyValues.first else { break }
      try await self.waitForDeletion(of: predecessor.key, from: before.header.revision.next)
    }
    let own = try await self.client.range(RangeRequest(.key(place.key)))
    guard own.keyValues.first?.createRevision == place.revision else { throw Self.lost(place) }
  }

  /// Returns also where the watch ends by itself: whoever waits looks again.
  private func waitForDeletion(of key: [UInt8], from revision: Revision) async throws(EtcdError) {
    do throws(WatchEnd) {
      for try await batch in self.client.watch(.key(key), fromRevision: revision)
      where batch.events.contains(where: { $0.kind == .delete }) {
        return
      }
    } catch {
      // Looked at again, and not at once.
      try await Self.pause(self.client)
      return
    }
    throw EtcdError(.cancelled, "the task was cancelled, or the client stopped")
  }

  /// Leaves the line. A place that is lost is no error.
  func leave(_ place: LinePlace) async throws(EtcdError) {
    _ = try await self.client.transact(
      Transaction(if: [place.isHeld], then: [.deleteRange(DeleteRangeRequest(.key(place.key)))]))
  }

  /// `leave` for one whose task is cancelled, perhaps. A place that cannot be given up ends with its
  /// lease.
  func abandon(_ place: LinePlace) async {
    let leaving = Task { () -> EtcdError? in
      do throws(EtcdError) {
        try await self.leave(place)
        return nil
      } catch {
        return error
      }
    }
    if let error = await leaving.value {
      self.client.logger.warning(
        "cannot leave a line in etcd, which the lease's end will do",
        metadata: ["prefix": "\(self.prefix)", "error": "\(error)"])
    }
  }

  private static func lost(_ place: LinePlace) -> EtcdError {
    EtcdError(
      .leaseNotFound, "\(String(decoding: place.key, as: UTF8.self)) is gone, and its lease with it"
    )
  }

  private static func pause(_ client: EtcdClient) async throws(EtcdError) {
    do {
      try await Task.sleep(for: client.configuration.backoff.initial)
    } catch {
      throw EtcdError(.cancelled, "the task was cancelled")
    }
  }
}

/// A key in a line.
public struct LinePlace: Hashable, Sendable {
  /// In etcd; it ends with the lease of whoever waits.
  public let key: [UInt8]
  /// At which it was made. Grows from each holder to the next: a fencing token.
  public let revision: Revision

  /// A condition for transactions that only the holder may do.
  public var isHeld: Compare { Compare(.key(self.key), .equal, .createRevision(self.revision)) }
}
