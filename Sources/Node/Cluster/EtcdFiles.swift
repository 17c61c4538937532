internal import Etcd
internal import GRPC
internal import Synchronization

/// The files by which this node proves to etcd who it is, and knows etcd: its password there, its
/// certificate, and etcd's authorities.
final class EtcdFiles: Reloadable {
  let name = "credentials for etcd"
  let files: FileStamps
  /// How etcd is called, with what the files hold that the settings name. Its TLS is the same object for
  /// as long as the node runs.
  let etcd: EtcdConfiguration
  private let configuration: NodeConfiguration
  private let state: Mutex<State>

  private struct State {
    /// Nil: this node is nobody in particular.
    var credentials: EtcdCredentials?
    /// Use what is read.
    var users: [@Sendable (EtcdCredentials) -> Void] = []
  }

  /// - Throws: what is wrong with which file, and the remedy.
  init(_ configuration: NodeConfiguration) throws {
    let settings = configuration.etcd
    self.configuration = configuration
    self.files = FileStamps(
      [
        settings.passwordFile, settings.authoritiesFile, settings.certificateFile, settings.keyFile,
      ].compactMap { $0 })
    var etcd = EtcdConfiguration(configuration)
    etcd.credentials = try Self.credentials(configuration)
    etcd.tls = try Self.tls(configuration).map { try ClientTLS($0) }
    self.etcd = etcd
    self.state = Mutex(State(credentials: etcd.credentials))
  }

  /// Has `use` told of the credentials, where there are any: now, and of what is read from now on.
  func whenRead(_ use: @escaping @Sendable (EtcdCredentials) -> Void) {
    let credentials = self.state.withLock { state in
      state.users.append(use)
      return state.credentials
    }
    if let credentials { use(credentials) }
  }

  func reload() throws {
    // Both are read before either is used.
    let credentials = try Self.credentials(self.configuration)
    if let tls = try Self.tls(self.configuration) { try self.etcd.tls?.replace(with: tls) }
    let users = self.state.withLock { state in
      state.credentials = credentials
      return state.users
    }
    if let credentials { for use in users { use(credentials) } }
  }

  // MARK: - Reading

  private static func credentials(
    _ configuration: NodeConfiguration
  ) throws(NodeError) -> EtcdCredentials? {
    let settings = configuration.etcd
    guard let user = settings.user, let path = settings.passwordFile else { return nil }
    let place = configuration.origins.place(of: .etcdPasswordFile)
    return EtcdCredentials(user: user, password: try self.password(path: path, place: place))
  }

  /// Nil: etcd is called in plaintext.
  private static func tls(_ node: NodeConfiguration) throws -> ClientTLS.Configuration? {
    let settings = node.etcd
    guard settings.isEncrypted else { return nil }
    var tls = ClientTLS.Configuration()
    tls.authorities = try settings.authoritiesFile.map { try node.pem($0, of: .etcdCA) }
    if let certificate = settings.certificateFile, let key = settings.keyFile {
      tls.identity = TLSIdentity(
        certificate: try node.pem(certificate, of: .etcdCert), key: try node.pem(key, of: .etcdKey))
    }
    return tls
  }

  /// The first line of the file, which is mostly the only one.
  ///
  /// - Parameter place: what has named the file; for messages.
  private static func password(path: String, place: String) throws(NodeError) -> String {
    let text: String
    do throws(FileProblem) {
      text = try readText(path: path, bytesMax: NodeLimits.passwordFileMaxBytes)
    } catch {
      throw .noPassword(place, path, error.reason)
    }
    let password = text.prefix { !$0.isNewline }
    guard !password.isEmpty else { throw .noPassword(place, path, "begins with no password") }
    return String(password)
  }
}
