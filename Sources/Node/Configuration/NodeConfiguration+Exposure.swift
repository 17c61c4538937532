// What a node tells an operator who lets other machines reach it.
extension NodeConfiguration {
  /// Whether the node asks who calls: by a file of tokens.
  var knowsCallers: Bool { self.tokensFile != nil }

  /// What is wrong with where the node listens; nil: nothing. A cache that anybody on the network can
  /// read and empty must be what its operator wants, not what happens by default.
  func exposureProblem(origins: SettingOrigins) -> ConfigurationProblem? {
    guard !self.listen.isLoopback, !self.knowsCallers, !self.isInsecure else { return nil }
    return ConfigurationProblem(
      settings: [Setting.listen.name],
      message: "listen (\(origins.describe(.listen, in: self))) lets other machines in, but the"
        + " node would not know who calls: whoever reaches it could read and delete everything."
        + " Give the callers tokens (--tokens), demand client certificates (--tls-ca), or say"
        + " --insecure if the network keeps others out.")
  }

  /// What an operator should know though the node can run so, in whole sentences.
  var warnings: [String] {
    guard !self.listen.isLoopback else { return [] }
    if !self.knowsCallers {
      return [
        "The node does not ask who calls, and other machines can reach it (--insecure): whoever"
          + " does can read and delete everything."
      ]
    }
    return [
      "Tokens and values cross the network in plain text: whoever can listen to it can use them."
        + " Serve TLS (--tls-cert, --tls-key), or let something in front of the node do it."
    ]
  }
}
