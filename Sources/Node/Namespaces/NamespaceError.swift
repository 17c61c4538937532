internal import GRPC

/// Why a namespace is not made or changed.
enum NamespaceError: Error, Equatable {
  case exists(String)
  case unknown(String)
  case invalidName(String)
  /// In words that name the setting, its value and what would be accepted.
  case invalid(String)
  case tooMany

  var status: Status {
    switch self {
    case .exists(let name):
      Status(
        .alreadyExists, "there is a namespace \(quoted(name)) already: alter it",
        info: ErrorInfo(reason: "NAMESPACE_EXISTS", metadata: ["namespace": name]))
    case .unknown(let name):
      Status(
        .notFound, "there is no namespace \(quoted(name)) on this node",
        info: ErrorInfo(
          reason: "NAMESPACE_UNKNOWN", metadata: ["field": "name", "namespace": name]))
    case .invalidName(let name):
      Status(
        .invalidArgument,
        "\(quoted(name)) cannot be the name of a namespace: it takes 1 to"
          + " \(NodeLimits.namespaceNameMaxBytes) characters of A-Z a-z 0-9 . _ -",
        info: ErrorInfo(reason: "NAMESPACE_INVALID", metadata: ["field": "name"]))
    case .invalid(let problem):
      Status(
        .invalidArgument, problem,
        info: ErrorInfo(reason: "NAMESPACE_INVALID", metadata: ["field": "settings"]))
    case .tooMany:
      Status(
        .resourceExhausted,
        "this node has \(NodeLimits.namespacesMax) namespaces, which is as many as it can have",
        info: ErrorInfo(
          reason: "NAMESPACES_EXHAUSTED",
          metadata: ["limit_namespaces": "\(NodeLimits.namespacesMax)"]))
    }
  }
}
