/// Which state of the cluster a view of the ring comes from. Of two that differ the greater is newer.
public struct Epoch: Sendable, Hashable, Comparable {
  /// Counts the histories of etcd: one up each time that it was found empty or restored.
  public let incarnation: UInt64
  /// The revision of etcd, within that history.
  public let revision: UInt64

  /// Of a ring that is the same for ever (`--peers`).
  public static let fixed = Epoch(incarnation: 0, revision: 0)

  /// The metadata of forwarded calls in which the sender's epoch travels.
  public static let metadataName: StaticString = "larder-epoch"

  public init(incarnation: UInt64, revision: UInt64) {
    self.incarnation = incarnation
    self.revision = revision
  }

  /// Reads `3.1042`, as `description` writes it; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let incarnation = UInt64(parts[0]), let revision = UInt64(parts[1])
    else { return nil }
    self.init(incarnation: incarnation, revision: revision)
  }

  public static func < (left: Epoch, right: Epoch) -> Bool {
    (left.incarnation, left.revision) < (right.incarnation, right.revision)
  }
}

extension Epoch: CustomStringConvertible {
  public var description: String { "\(self.incarnation).\(self.revision)" }
}
