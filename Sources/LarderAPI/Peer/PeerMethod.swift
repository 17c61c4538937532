/// `larder.v1.Peer`: the calls of `larder.v1.Cache` once more, as nodes pass them on to each other.
public enum PeerMethod {
  /// The service's full name.
  public static let service = "larder.v1.Peer"

  /// What `:path` holds for each call, in the order of `CacheMethod`.
  public static let allPaths = CacheMethod.allCases.map(Self.path)

  /// What `:path` holds: "/larder.v1.Peer/Get".
  public static func path(_ method: CacheMethod) -> String { "/\(Self.service)/\(method.name)" }
}
