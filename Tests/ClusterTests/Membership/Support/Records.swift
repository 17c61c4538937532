import Etcd

@testable import Cluster

/// Etcd has members of its own.
typealias Member = Cluster.Member

let keys = MembershipKeys(cluster: "test")

/// A node at an address that its id names.
func node(
  _ id: String, incarnation: UInt64 = 1, state: Member.State = .active, weight: Double = 1,
  host: String? = nil
) -> Member {
  Member(
    id: id, host: host ?? "host-\(id)", port: 7600, weight: weight, state: state,
    incarnation: incarnation)
}

/// A key as etcd has it.
func stored(_ key: String, _ value: [UInt8], made: Int64, written: Int64? = nil) -> KeyValue {
  var keyValue = KeyValue()
  keyValue.key = Array(key.utf8)
  keyValue.value = value
  keyValue.createRevision = Revision(rawValue: made)
  keyValue.modRevision = Revision(rawValue: written ?? made)
  return keyValue
}

/// A member's key as etcd has it.
func stored(_ member: Member, made: Int64, written: Int64? = nil) -> KeyValue {
  stored(keys.node(member.id), MemberRecord.encode(member), made: made, written: written)
}

/// The key of the incarnation.
func incarnation(_ value: UInt64, at revision: Int64) -> KeyValue {
  stored(keys.incarnation, Array("\(value)".utf8), made: revision)
}

func put(_ keyValue: KeyValue) -> WatchEvent {
  var event = WatchEvent()
  event.keyValue = keyValue
  return event
}

/// As etcd shows it: without a value.
func deletion(_ key: String, at revision: Int64) -> WatchEvent {
  var event = WatchEvent()
  event.kind = .delete
  event.keyValue.key = Array(key.utf8)
  event.keyValue.modRevision = Revision(rawValue: revision)
  return event
}

func listing(_ keyValues: [KeyValue], at revision: Int64) -> KeyListing {
  var listing = KeyListing()
  listing.keyValues = keyValues
  listing.revision = Revision(rawValue: revision)
  return listing
}
