internal import Etcd

/// Where a cluster's keys are in etcd.
///
///     /larder/<cluster>/clock          versions begin above it; not watched
///     /larder/<cluster>/incarnation    of etcd's history
///     /larder/<cluster>/nodes/<id>     one for each node, under its lease
struct MembershipKeys: Hashable, Sendable {
  /// What a key stands for.
  enum Meaning: Equatable {
    case incarnation
    case node(id: String)
    /// Something beside the nodes that no node has written; the text says what is wrong with it.
    case foreign(String)
  }

  /// Of the name of a cluster, in bytes.
  static let clusterMaxBytes = 64
  /// Of the id of a node, in bytes: a DNS name of full length, a colon and a port.
  static let idMaxBytes = 259

  let clock: String
  let incarnation: String
  /// With its slash, so that the nodes of one cluster are never those of another.
  let nodes: String

  /// - Parameter cluster: `isValidCluster` holds for it; traps otherwise.
  init(cluster: String) {
    precondition(Self.isValidCluster(cluster), "the name of a cluster is checked before")
    let prefix = "/larder/\(cluster)/"
    self.clock = prefix + "clock"
    self.incarnation = prefix + "incarnation"
    self.nodes = prefix + "nodes/"
  }

  /// 1...64 characters of A-Z a-z 0-9 . _ -
  static func isValidCluster(_ name: String) -> Bool {
    (1...self.clusterMaxBytes).contains(name.utf8.count)
      && name.utf8.allSatisfy { Self.isWordByte($0) }
  }

  /// 1...259 characters of A-Z a-z 0-9 . _ - : % [ ], which addresses need.
  static func isValidID(_ id: String) -> Bool {
    (1...self.idMaxBytes).contains(id.utf8.count)
      && id.utf8.allSatisfy { Self.isWordByte($0) || ":%[]".utf8.contains($0) }
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }

  func node(_ id: String) -> String { self.nodes + id }

  /// The incarnation and the nodes, which follow each other: one watch shows both, in order, and what
  /// is changed at once at once.
  var watched: KeyRange {
    KeyRange(start: Array(self.incarnation.utf8), end: KeyRange.prefix(self.nodes).end)
  }

  /// - Parameter key: one of `watched`.
  func meaning(of key: [UInt8]) -> Meaning {
    let text = String(decoding: key, as: UTF8.self)
    if text == self.incarnation { return .incarnation }
    guard text.hasPrefix(self.nodes) else { return .foreign("it is no key of a cluster") }
    let id = String(text.dropFirst(self.nodes.count))
    guard Self.isValidID(id) else {
      return .foreign("the id of a node is 1 to \(Self.idMaxBytes) of A-Z a-z 0-9 . _ - : % [ ]")
    }
    return .node(id: id)
  }
}
