public import CacheStore
public import HashRing
internal import LarderAPI

/// A change of a cluster's ring that somebody thinks about.
public enum ProposedChange: Sendable, Equatable {
  case add(id: String, zone: String, weight: Double)
  case remove(id: String)
  case weigh(id: String, weight: Double)
}

/// Why a ring cannot be changed so.
public enum ProposalError: Error, Equatable, Sendable {
  /// It is not on the ring.
  case unknown(String)
  /// It is on the ring.
  case alreadyThere(String)
  /// It is the only one there.
  case lastNode(String)
  case ring(RingError)
}

/// What one node would hand to others if the ring changed: counted entry by entry, by the owners that each
/// has now and would have then. So it is what would be moved, and no estimate. No I/O.
public struct MovePlan: Sendable {
  /// To one node.
  public struct Move: Sendable, Equatable {
    /// Who would own them.
    public let heir: String
    /// The part of all hashes, 0...1.
    public internal(set) var share = 0.0
    public internal(set) var entries = 0
    var size: MigrationSize
    /// Of the messages in which they would travel.
    public var bytes: Int { self.size.bytes }
  }

  /// Of the ring as it is.
  public let epoch: Epoch
  private let before: Ring
  private let after: Ring
  /// This node in either ring; -1: it is not there.
  private let ownBefore: Int
  private let ownAfter: Int
  /// By heirs, which are indexes into the nodes of `after`.
  private var movesByHeir: [Move]

  /// - Parameters:
  ///   - table: by which the node goes.
  ///   - batchMaxBytes: as it would send them; a limit of `HandoverLimits`.
  public init(
    _ table: RoutingTable, _ change: ProposedChange, batchMaxBytes: Int
  ) throws(ProposalError) {
    self.epoch = table.epoch
    self.before = table.ring
    self.after = try Self.ring(table.ring, after: change)
    self.ownBefore = table.own ?? -1
    self.ownAfter = self.after.nodes.firstIndex { $0.id == table.ownID } ?? -1
    self.movesByHeir = self.after.nodes.map {
      Move(heir: $0.id, size: MigrationSize(batchMaxBytes: batchMaxBytes))
    }
    for arc in self.after.changes(from: self.before) {
      guard let owner = arc.oldOwners.first, let heir = arc.newOwners.first,
        owner == self.ownBefore
      else { continue }
      self.movesByHeir[heir].share += arc.arc.share
    }
  }

  private static func ring(
    _ ring: Ring, after change: ProposedChange
  ) throws(ProposalError) -> Ring {
    var nodes = ring.nodes
    func index(of id: String) throws(ProposalError) -> Int {
      guard let index = nodes.firstIndex(where: { $0.id == id }) else { throw .unknown(id) }
      return index
    }
    switch change {
    case .add(let id, let zone, let weight):
      guard !nodes.contains(where: { $0.id == id }) else { throw .alreadyThere(id) }
      nodes.append(try Self.node(id, zone, weight))
    case .remove(let id):
      nodes.remove(at: try index(of: id))
      if nodes.isEmpty { throw .lastNode(id) }
    case .weigh(let id, let weight):
      let index = try index(of: id)
      nodes[index] = try Self.node(id, nodes[index].zone, weight)
    }
    do throws(RingError) {
      return try Ring(nodes)
    } catch {
      throw .ring(error)
    }
  }

  private static func node(
    _ id: String, _ zone: String, _ weight: Double
  ) throws(ProposalError) -> RingNode {
    do throws(RingError) {
      return try RingNode(id: id, zone: zone, weight: weight)
    } catch {
      throw .ring(error)
    }
  }

  /// Counts an entry that the node holds.
  ///
  /// - Parameter namespaceBytes: of the name of its namespace.
  public mutating func count(_ entry: EntryOutline, namespaceBytes: Int) {
    let ttlMilliseconds: UInt64 =
      if case .after(let milliseconds) = entry.expiry { milliseconds } else { 0 }
    let entryBytes = EntryCopy.encodedSize(
      valueBytes: entry.valueBytes, version: entry.version.rawValue,
      ttlMilliseconds: ttlMilliseconds, flags: entry.flags)
    self.count(
      hash: entry.hash,
      itemBytes: MigrateItem.encodedSize(
        namespaceBytes: namespaceBytes, keyBytes: entry.keyBytes, entryBytes: entryBytes))
  }

  /// - Parameter itemBytes: of the entry as an item of a batch.
  mutating func count(hash: UInt64, itemBytes: Int) {
    guard self.before.owner(of: hash) == self.ownBefore,
      let heir = self.after.owner(of: hash), heir != self.ownAfter
    else { return }
    self.movesByHeir[heir].entries += 1
    self.movesByHeir[heir].size.add(itemBytes: itemBytes)
  }

  /// To all that would get anything, in the order of their ids.
  public var moves: [Move] { self.movesByHeir.filter { $0.share > 0 } }
}
