/// Whether a variable of the environment is meant for us.
///
/// Kubernetes puts variables for each Service of a namespace into each of its pods. For a Service
/// named `larder` or `larder-…` they begin like ours, and refusing them would keep the node from
/// starting in just the set-up where everything has its natural name.
/// See "Environment variables" in the Kubernetes documentation of Services.
///
/// - Parameter value: Tells `LARDER_PORT=tcp://10.0.0.7:7600` from a mistake.
func isOurs(variable: String, value: String) -> Bool {
  guard variable.hasPrefix("LARDER_") else { return false }
  let words = variable.split(separator: "_", omittingEmptySubsequences: false).dropFirst()
  return !isServiceHostOrPort(words) && !isServiceLink(words, value: value)
}

/// `LARDER_SERVICE_HOST`, `LARDER_SERVICE_PORT`, `LARDER_SERVICE_PORT_GRPC`, and the same with the
/// rest of a Service's name before `SERVICE`.
private func isServiceHostOrPort(_ words: ArraySlice<Substring>) -> Bool {
  guard let index = words.lastIndex(of: "SERVICE"), index + 1 < words.endIndex else { return false }
  let rest = words[(index + 1)...]
  return rest == ["HOST"] || rest.first == "PORT"
}

/// `LARDER_PORT`, `LARDER_PORT_7600_TCP`, `LARDER_PORT_7600_TCP_ADDR` and so on: the form that
/// Docker gave to links between containers.
private func isServiceLink(_ words: ArraySlice<Substring>, value: String) -> Bool {
  words.indices.contains { index in
    guard words[index] == "PORT" else { return false }
    let rest = Array(words[(index + 1)...])
    if rest.isEmpty { return value.contains("://") }
    guard rest.count >= 2, Int(rest[0]) != nil, ["TCP", "UDP", "SCTP"].contains(rest[1]) else {
      return false
    }
    return rest.count == 2 || (rest.count == 3 && ["PROTO", "PORT", "ADDR"].contains(rest[2]))
  }
}
