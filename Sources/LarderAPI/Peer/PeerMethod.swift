/// `larder.v1.Peer`: the calls of `larder.v1.Cache` once more, as nodes pass them on to each other, and
/// what they ask each other besides.
public enum PeerMethod {
  /// The service's full name.
  public static let service = "larder.v1.Peer"

  /// What `:path` holds for each call, in the order of `CacheMethod`.
  public static let allPaths = CacheMethod.allCases.map(Self.path)

  /// What `:path` holds for the call by which nodes ask each other how they stand.
  public static let reportPath = "/\(Self.service)/Report"

  /// What `:path` holds: "/larder.v1.Peer/Get".
  public static func path(_ method: CacheMethod) -> String { "/\(Self.service)/\(method.name)" }
}
