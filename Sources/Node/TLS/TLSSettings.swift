public import GRPC

/// How a node speaks TLS, as it was told at start.
public struct TLSSettings: Sendable, Equatable {
  /// PEM; nil: the node speaks plaintext. Given together with `keyFile` or not at all.
  public var certificateFile: String?
  /// PEM.
  public var keyFile: String?
  /// PEM; nil: clients are not asked for certificates.
  public var clientAuthoritiesFile: String?
  /// With `clientAuthoritiesFile`: whether clients must have a certificate.
  public var clientAuthentication = ClientAuthentication.require
  public var minimumVersion = TLSProtocolVersion.v1_2
  /// Beside the address that speaks TLS; nil: everything speaks TLS. Port 0: a free one.
  public var plaintextListen: HostPort?

  /// Plaintext.
  public init() {}

  /// For the record that a node writes at start: `1.2 or newer, client certificates required`.
  var summary: String {
    let clients =
      switch (self.clientAuthoritiesFile, self.clientAuthentication) {
      case (nil, _): "no client certificates"
      case (_, .require): "client certificates required"
      case (_, .request): "client certificates requested"
      }
    return "\(self.minimumVersion.rawValue) or newer, \(clients)"
  }

  /// What a person adds to a command of ours, and of grpcurl, to call the node.
  var clientFlags: (larder: String, grpcurl: String) {
    guard self.certificateFile != nil else { return ("", "-plaintext") }
    guard self.clientAuthoritiesFile != nil else { return (" --tls-ca CA.pem", "-cacert CA.pem") }
    return (
      " --tls-ca CA.pem --tls-cert ME.pem --tls-key ME-KEY.pem",
      "-cacert CA.pem -cert ME.pem -key ME-KEY.pem"
    )
  }

  /// What is wrong with the settings together.
  ///
  /// - Parameter listen: the address that speaks TLS.
  func problems(listen: HostPort, origins: SettingOrigins) -> [ConfigurationProblem] {
    func problem(_ setting: Setting, _ others: [Setting], _ text: String) -> ConfigurationProblem {
      ConfigurationProblem(
        settings: Set(([setting] + others).map(\.name)),
        message: "\(origins[setting.name].label(of: setting.name)) \(text)")
    }
    var problems: [ConfigurationProblem] = []
    if self.certificateFile != nil && self.keyFile == nil {
      problems.append(
        problem(.tlsCert, [.tlsKey], "needs its private key. Give it with tls-key as well."))
    }
    if self.certificateFile == nil {
      let needs = "makes sense only with a certificate. Give it with tls-cert as well."
      if self.keyFile != nil { problems.append(problem(.tlsKey, [.tlsCert], needs)) }
      if self.clientAuthoritiesFile != nil {
        problems.append(problem(.tlsCA, [.tlsCert], needs))
      }
      if self.plaintextListen != nil {
        problems.append(
          problem(
            .plaintextListen, [.tlsCert],
            "makes sense only beside TLS: without tls-cert, listen is plaintext already."))
      }
    }
    if self.clientAuthentication == .request && self.clientAuthoritiesFile == nil {
      problems.append(
        problem(
          .tlsClientAuth, [.tlsCA],
          "needs the authorities that certificates must come from. Give them with tls-ca."))
    }
    if let plaintext = self.plaintextListen, plaintext.port != 0, plaintext == listen {
      problems.append(
        problem(.plaintextListen, [.listen], "is the address of listen. Choose another port."))
    }
    return problems
  }
}

/// Whether clients must prove who they are by a certificate.
public enum ClientAuthentication: String, Sendable, CaseIterable {
  /// Those without a certificate are refused.
  case require
  /// Those without a certificate are let in, as nobody in particular.
  case request
}
