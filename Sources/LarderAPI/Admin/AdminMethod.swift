/// The calls of `larder.v1.Admin`, in the order of the proto file. The raw value is the index of
/// the method in `allPaths`.
public enum AdminMethod: Int, CaseIterable, Sendable {
  case getStatus
  case snapshot
  case createNamespace
  case alterNamespace
  case describeNamespaces
  case flushNamespace
  case getMigrations
  case steerMigrations
  case drain
  case plan
  case setWeight

  /// The service's full name.
  public static let service = "larder.v1.Admin"

  /// What `:path` holds for each call; the index is the method's raw value.
  public static let allPaths = Self.allCases.map(\.path)

  /// What `:path` holds: "/larder.v1.Admin/GetStatus".
  public var path: String { "/\(Self.service)/\(self.name)" }

  /// The method's name in the proto file.
  public var name: String {
    switch self {
    case .getStatus: "GetStatus"
    case .snapshot: "Snapshot"
    case .createNamespace: "CreateNamespace"
    case .alterNamespace: "AlterNamespace"
    case .describeNamespaces: "DescribeNamespaces"
    case .flushNamespace: "FlushNamespace"
    case .getMigrations: "GetMigrations"
    case .steerMigrations: "SteerMigrations"
    case .drain: "Drain"
    case .plan: "Plan"
    case .setWeight: "SetWeight"
    }
  }
}
