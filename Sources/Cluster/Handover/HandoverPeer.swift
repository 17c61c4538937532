public import CacheStore
public import NIOCore

/// The calls by which a node takes over hashes that another has lost. Methods may be called on any thread,
/// and several at a time; a task that is cancelled ends its call.
public protocol HandoverPeer: Sendable {
  /// Has the member give up hashes; returns when it serves none of them any more.
  ///
  /// - Throws: also `fault` where another process answers at its address.
  func seal(
    _ order: SealOrder, at member: Member
  ) async throws(HandoverFailure) -> SealAnswer

  /// Has the member forget what it holds of hashes for the heir of the order.
  func release(_ order: SealOrder, at member: Member) async throws(HandoverFailure)

  /// Tells the member, which leaves, that `heir` still wants what it holds for it: a sign of life.
  func renew(for heir: MemberProcess, at member: Member) async throws(HandoverFailure)

  /// What the member holds under keys that it has sealed for `heir`, in their order. Large answers come
  /// in several calls.
  ///
  /// - Parameters:
  ///   - keys: in UTF-8, 1 to 65,536 bytes each.
  ///   - timeout: for all of them.
  func fetch(
    _ namespace: String, keys: [[UInt8]], heir: MemberProcess, from member: Member,
    timeout: TimeAmount
  ) async throws(HandoverFailure) -> [FetchedCopy]

  /// Has the member stream all that it holds of hashes which it has sealed for `heir`. Returns when the
  /// last batch was applied.
  ///
  /// - Parameters:
  ///   - after: the last batch that an earlier stream of the same migration has applied; 0: none.
  ///   - apply: puts a batch into the store; `MigrationBatch.apply(to:now:)` does. The batch counts as
  ///     acknowledged when it returns; batches come one after the other.
  /// - Throws: from where to go on.
  func migrate(
    _ arcs: ArcSet, heir: MemberProcess, from member: Member, after: UInt64,
    apply: @escaping @Sendable (MigrationBatch) async throws -> Void
  ) async throws(MigrationFailure)
}

/// What another node holds under a key.
public enum FetchedCopy: Sendable, Equatable {
  case entry(value: [UInt8], version: Version, expiry: Expiry, flags: UInt32)
  /// The version of a delete that it remembers.
  case tombstone(Version)
  /// Nothing; a copy of this version or an older one may have been deleted there.
  case unknown(floor: Version)
}
