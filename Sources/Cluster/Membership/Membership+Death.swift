public import Etcd
internal import Logging

// Members that are gone and could not say so.
extension Membership {
  /// Takes a member whose address refuses connections off the others' rings before its lease ends: its
  /// record is deleted, unless it has changed meanwhile.
  ///
  /// A member that is declared dead and lives puts its record back, which to the others is a leave and a
  /// join.
  ///
  /// - Parameter dead: as the view has it: a later process of the same id is left alone.
  /// - Returns: whether its record was deleted by this call.
  @discardableResult
  public func declareDead(_ dead: Member) async throws(EtcdError) -> Bool {
    guard dead.id != self.configuration.member.id else { return false }
    let key = Array(self.keys.node(dead.id).utf8)
    let found = try await self.etcd.range(RangeRequest(.key(key)))
    guard let keyValue = found.keyValues.first else { return false }
    do throws(MemberRecord.Fault) {
      let member = try MemberRecord.decode(keyValue.value, id: dead.id)
      guard member.incarnation == dead.incarnation, member.address == dead.address else {
        return false
      }
    } catch {
      // Nobody has come to it by this record, which discovery complains of.
      return false
    }
    let response = try await self.etcd.transact(
      Transaction(
        if: [Compare(.key(key), .equal, .modRevision(keyValue.modRevision))],
        then: [.deleteRange(DeleteRangeRequest(.key(key)))], else: []))
    guard response.hasSucceeded else { return false }
    self.logger.warning(
      "declared a member dead: its address refuses connections",
      metadata: ["id": "\(dead.id)", "address": "\(dead.address)"])
    return true
  }
}
