import ArgumentParser
import GRPC
import Node

/// Whether the node is called within TLS, whom to trust and who we are: flags of every client command.
struct ClientTLSOptions: ParsableArguments {
  @Flag(
    help: """
      Call within TLS, trusting the authorities that the system trusts. The other flags of TLS \
      imply it.
      """)
  var tls = false

  @Option(
    name: .customLong("tls-ca"),
    help: ArgumentHelp(
      "Call within TLS, trusting the authorities in this PEM file only.", valueName: "file"))
  var authorities: String?

  @Option(
    name: .customLong("tls-cert"),
    help: ArgumentHelp("Show the node the certificate in this PEM file.", valueName: "file"))
  var certificate: String?

  @Option(
    name: .customLong("tls-key"),
    help: ArgumentHelp("The PEM file of the private key of --tls-cert.", valueName: "file"))
  var key: String?

  @Option(
    name: .customLong("tls-server-name"),
    help: ArgumentHelp(
      "The name that the node's certificate must have. (default: the host of --target)",
      valueName: "name"),
    transform: ArgumentText.serverName)
  var serverName: String?

  func validate() throws {
    guard (self.certificate == nil) == (self.key == nil) else {
      throw ValidationError("--tls-cert and --tls-key need each other.")
    }
  }

  /// Reads the files; nil: plaintext.
  func load() throws(CommandFailure) -> ClientTLS? {
    let isWanted =
      self.tls || self.authorities != nil || self.certificate != nil || self.serverName != nil
    guard isWanted else { return nil }
    var configuration = ClientTLS.Configuration()
    if let path = self.authorities {
      configuration.authorities = try Self.pem(path, named: "--tls-ca")
    }
    if let certificate = self.certificate, let key = self.key {
      configuration.identity = TLSIdentity(
        certificate: try Self.pem(certificate, named: "--tls-cert"),
        key: try Self.pem(key, named: "--tls-key"))
    }
    configuration.serverName = self.serverName
    do throws(TLSConfigurationError) {
      return try ClientTLS(configuration)
    } catch {
      throw CommandFailure(error.description, exit: ExitStatus.inputOutput)
    }
  }

  private static func pem(_ path: String, named flag: String) throws(CommandFailure) -> PEM {
    do throws(FileProblem) {
      let text = try readText(path: path, bytesMax: NodeLimits.pemFileMaxBytes)
      return PEM(name: path, origin: flag, bytes: Array(text.utf8))
    } catch {
      throw CommandFailure(
        "\(flag): \(path) \(error.reason); expected a PEM file that you may read",
        exit: ExitStatus.inputOutput)
    }
  }
}
