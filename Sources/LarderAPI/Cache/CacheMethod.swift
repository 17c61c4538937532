/// The calls of `larder.v1.Cache`, in the order of the proto file. The raw value is the index of
/// the method in `allPaths`.
public enum CacheMethod: Int, CaseIterable, Sendable {
  case get, getMany, set, setMany, delete, deleteMany, increment, touch

  /// The service's full name.
  public static let service = "larder.v1.Cache"

  /// What `:path` holds for each call; the index is the method's raw value.
  public static let allPaths = Self.allCases.map(\.path)

  /// What `:path` holds: "/larder.v1.Cache/Get".
  public var path: String { "/\(Self.service)/\(self.name)" }

  /// It changes entries.
  public var isWrite: Bool {
    switch self {
    case .get, .getMany: false
    case .set, .setMany, .delete, .deleteMany, .increment, .touch: true
    }
  }

  /// The method's name in the proto file.
  public var name: String {
    switch self {
    case .get: "Get"
    case .getMany: "GetMany"
    case .set: "Set"
    case .setMany: "SetMany"
    case .delete: "Delete"
    case .deleteMany: "DeleteMany"
    case .increment: "Increment"
    case .touch: "Touch"
    }
  }
}
