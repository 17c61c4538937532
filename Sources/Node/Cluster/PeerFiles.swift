internal import Cluster
internal import GRPC
internal import Synchronization

/// The files by which this node proves to other nodes that it is one: the token, and the certificate with
/// its authorities, which are those that its own listener uses.
final class PeerFiles: Reloadable {
  let name = "credentials for other nodes"
  let files: FileStamps
  private let configuration: NodeConfiguration
  private let state: Mutex<State>

  private struct State {
    var credentials: PeerCredentials
    /// Use what is read.
    var users: [@Sendable (PeerCredentials) -> Void] = []
  }

  /// - Throws: what is wrong with which file, and the remedy.
  init(_ configuration: NodeConfiguration) throws {
    self.configuration = configuration
    let tls = configuration.tls
    self.files = FileStamps(
      [
        tls.certificateFile, tls.keyFile, tls.clientAuthoritiesFile, configuration.peerTokenFile,
      ].compactMap { $0 })
    self.state = Mutex(State(credentials: try Self.read(configuration)))
  }

  var credentials: PeerCredentials { self.state.withLock { $0.credentials } }

  /// Has `use` told of what is read from now on.
  func whenRead(_ use: @escaping @Sendable (PeerCredentials) -> Void) {
    self.state.withLock { $0.users.append(use) }
  }

  func reload() throws {
    let credentials = try Self.read(self.configuration)
    let users = self.state.withLock { state in
      state.credentials = credentials
      return state.users
    }
    for use in users { use(credentials) }
  }

  private static func read(_ configuration: NodeConfiguration) throws -> PeerCredentials {
    let place = configuration.origins.place(of: .peerTokenFile)
    return PeerCredentials(
      tls: try TLSFiles.forPeers(configuration),
      token: try configuration.peerTokenFile.map { try Self.token(path: $0, place: place) })
  }

  /// - Parameter place: what has named the file; for messages.
  private static func token(path: String, place: String) throws(NodeError) -> BearerToken {
    let text: String
    do throws(FileProblem) {
      text = try readText(path: path, bytesMax: 2 * BearerToken.bytesMax)
    } catch {
      throw .noToken(place, path, error.reason)
    }
    let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
    let token = text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    do {
      return try BearerToken(Array(token))
    } catch {
      switch error {
      case .empty: throw .noToken(place, path, "is empty")
      case .tooLong:
        throw .noToken(place, path, "is longer than \(BearerToken.bytesMax) characters")
      case .invalidCharacter: throw .noToken(place, path, "has a character that no token has")
      }
    }
  }
}
