internal import Cluster
internal import GRPC
internal import Synchronization

/// The files by which this node proves to other nodes that it is one: the token, and the certificate with
/// its authorities, which are those that its own listener uses.
final class PeerFiles: Reloadable {
  let name = "credentials for other nodes"
  let files: FileStamps
  private let tls: TLSSettings
  private let tokenFile: String?
  private let state: Mutex<State>

  private struct State {
    var credentials: PeerCredentials
    /// Use what is read.
    var users: [@Sendable (PeerCredentials) -> Void] = []
  }

  /// - Throws: what is wrong with which file, and the remedy.
  init(_ configuration: NodeConfiguration) throws {
    self.tls = configuration.tls
    self.tokenFile = configuration.peerTokenFile
    self.files = FileStamps(
      [
        self.tls.certificateFile, self.tls.keyFile, self.tls.clientAuthoritiesFile, self.tokenFile,
      ].compactMap { $0 })
    self.state = Mutex(
      State(credentials: try Self.read(configuration.tls, configuration.peerTokenFile)))
  }

  var credentials: PeerCredentials { self.state.withLock { $0.credentials } }

  /// Has `use` told of what is read from now on.
  func whenRead(_ use: @escaping @Sendable (PeerCredentials) -> Void) {
    self.state.withLock { $0.users.append(use) }
  }

  func reload() throws {
    let credentials = try Self.read(self.tls, self.tokenFile)
    let users = self.state.withLock { state in
      state.credentials = credentials
      return state.users
    }
    for use in users { use(credentials) }
  }

  private static func read(_ tls: TLSSettings, _ tokenFile: String?) throws -> PeerCredentials {
    PeerCredentials(
      tls: try TLSFiles.forPeers(tls), token: try tokenFile.map { try Self.token(path: $0) })
  }

  private static func token(path: String) throws(NodeError) -> BearerToken {
    let text: String
    do throws(FileProblem) {
      text = try readText(path: path, bytesMax: 2 * BearerToken.bytesMax)
    } catch {
      throw .noToken(path, error.reason)
    }
    let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
    let token = text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    do {
      return try BearerToken(Array(token))
    } catch {
      switch error {
      case .empty: throw .noToken(path, "is empty")
      case .tooLong: throw .noToken(path, "is longer than \(BearerToken.bytesMax) characters")
      case .invalidCharacter: throw .noToken(path, "has a character that no token has")
      }
    }
  }
}
