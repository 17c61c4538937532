/// `larder.v1.Peer`: the calls of `larder.v1.Cache` once more, as nodes pass them on to each other, and
/// what they ask each other besides.
public enum PeerMethod {
  /// The service's full name.
  public static let service = "larder.v1.Peer"

  /// What `:path` holds for each call, in the order of `CacheMethod`.
  public static let allPaths = CacheMethod.allCases.map(Self.path)

  /// What `:path` holds for the call by which nodes ask each other how they stand.
  public static let reportPath = "/\(Self.service)/Report"

  // Handover: how keys go from the node that has lost them to the one that owns them now.

  /// What `:path` holds for the calls that end with one answer: Seal, then Fetch.
  public static let handoverPaths = [Self.sealPath, Self.fetchPath]
  /// What `:path` holds for the call that has hashes given up.
  public static let sealPath = "/\(Self.service)/Seal"
  /// What `:path` holds for the call for what a node holds under some keys.
  public static let fetchPath = "/\(Self.service)/Fetch"
  /// What `:path` holds for the stream of all that a node holds of some hashes.
  public static let migratePath = "/\(Self.service)/Migrate"

  /// What `:path` holds: "/larder.v1.Peer/Get".
  public static func path(_ method: CacheMethod) -> String { "/\(Self.service)/\(method.name)" }
}
