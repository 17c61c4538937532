internal import Etcd
internal import HashRing

/// The records of all nodes as etcd has them, and the members that they make: the same on every node
/// that has the same records, and always ones that a ring can be made of.
struct MemberRoster: Equatable {
  /// A key that makes no member, and why.
  struct Fault: Hashable, Comparable, CustomStringConvertible {
    let key: String
    let what: String

    var description: String { "\(self.key): \(self.what)" }

    static func < (left: Self, right: Self) -> Bool { left.description < right.description }
  }

  private struct Record: Equatable {
    /// Nil: the record is malformed.
    let member: Member?
    let createRevision: Revision
    let modRevision: Revision
    let lease: LeaseID
  }

  private let keys: MembershipKeys
  private var records: [String: Record] = [:]
  /// Of keys that are there and make no member by themselves.
  private var malformed: [String: Fault] = [:]

  init(keys: MembershipKeys) { self.keys = keys }

  /// What happened to a key.
  mutating func apply(_ event: WatchEvent) {
    if event.kind == .delete {
      self.delete(event.keyValue.key)
    } else {
      self.put(event.keyValue)
    }
  }

  /// Takes a key of the nodes in.
  mutating func put(_ keyValue: KeyValue) {
    let key = keyValue.keyText
    self.malformed[key] = nil
    switch self.keys.meaning(of: keyValue.key) {
    case .incarnation: return
    case .foreign(let what): self.malformed[key] = Fault(key: key, what: what)
    case .node(let id):
      var member: Member?
      do throws(MemberRecord.Fault) {
        member = try MemberRecord.decode(keyValue.value, id: id)
      } catch {
        self.malformed[key] = Fault(key: key, what: "\(error)")
      }
      self.records[id] = Record(
        member: member, createRevision: keyValue.createRevision,
        modRevision: keyValue.modRevision, lease: keyValue.lease)
    }
  }

  /// Forgets a key: a deletion has no value, so that all there is to know is the key.
  private mutating func delete(_ key: [UInt8]) {
    self.malformed[String(decoding: key, as: UTF8.self)] = nil
    if case .node(let id) = self.keys.meaning(of: key) { self.records[id] = nil }
  }

  /// The member of this id, whether or not it is left out below; nil: none is registered.
  subscript(id: String) -> Member? { self.records[id]?.member }

  /// When the key of this id was made; nil: it is not there.
  func createRevision(of id: String) -> Revision? { self.records[id]?.createRevision }

  /// Those that records are under, by the ids of their nodes.
  var leases: [String: LeaseID] { self.records.mapValues(\.lease).filter { $0.value != .none } }

  /// The newest change that the records show.
  var newestRevision: Revision {
    self.records.values.reduce(.current) { max($0, $1.modRevision) }
  }

  /// Whether `later` has all nodes that this one has.
  func isContained(in later: Self) -> Bool {
    self.records.keys.allSatisfy { later.records[$0] != nil }
  }

  /// The members in the order of their ids' bytes, and what is left out.
  ///
  /// - An address serves one process: of two members at one address the earlier is a leftover.
  /// - What a ring cannot take is what came last.
  func members() -> (members: [Member], faults: [Fault]) {
    var faults = Array(self.malformed.values)
    var members: [Member] = []
    var idOfAddress: [String: String] = [:]
    let newestFirst = self.records.sorted { left, right in
      Self.rank(left.value, left.key, isBefore: right.value, right.key)
    }.reversed()
    for case (let id, let record) in newestFirst {
      guard let member = record.member else { continue }
      if let newer = idOfAddress.updateValue(id, forKey: member.address) {
        idOfAddress[member.address] = newer
        faults.append(self.fault(id, "\(newer) has registered at the same address since"))
      } else {
        members.append(member)
      }
    }
    let fitting = self.fitting(members.reversed(), &faults)
    return (
      fitting.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }, faults.sorted()
    )
  }

  private static func rank(
    _ left: Record, _ leftID: String, isBefore right: Record, _ rightID: String
  ) -> Bool {
    (left.createRevision.rawValue, leftID) < (right.createRevision.rawValue, rightID)
  }

  /// The first that a ring has room for.
  private func fitting(_ members: some Sequence<Member>, _ faults: inout [Fault]) -> [Member] {
    var (nodes, points) = (0, 0)
    return members.filter { member in
      let memberPoints: Int
      do throws(RingError) {
        memberPoints = try member.ringNode().pointCount
      } catch {
        preconditionFailure("a record with this weight is malformed: \(error)")
      }
      guard nodes < Ring.nodesMax, points + memberPoints <= Ring.pointsMax else {
        faults.append(
          self.fault(
            member.id,
            "a ring has at most \(Ring.nodesMax) nodes and \(Ring.pointsMax) points: remove nodes,"
              + " or scale all weights down"))
        return false
      }
      // Those that are not on the ring yet may be soon.
      nodes += 1
      points += memberPoints
      return true
    }
  }

  private func fault(_ id: String, _ what: String) -> Fault {
    Fault(key: self.keys.node(id), what: what)
  }
}
