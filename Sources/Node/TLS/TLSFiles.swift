internal import GRPC
internal import Logging
internal import Synchronization

/// The files that a node's TLS is made of.
final class TLSFiles: Reloadable {
  let name = "TLS certificate"
  let files: FileStamps
  /// For the listeners.
  let tls: ServerTLS
  private let configuration: NodeConfiguration
  private let logger: Logger
  private let reminder: Mutex<ExpiryReminder>

  /// - Returns: nil where the node speaks plaintext.
  /// - Throws: what is wrong with which file, and the remedy.
  convenience init?(_ configuration: NodeConfiguration, logger: Logger) throws {
    let settings = configuration.tls
    guard let certificate = settings.certificateFile, let key = settings.keyFile else { return nil }
    try self.init(configuration, certificate: certificate, key: key, logger: logger)
  }

  private init(
    _ configuration: NodeConfiguration, certificate: String, key: String, logger: Logger
  ) throws {
    self.files = FileStamps(
      [certificate, key] + [configuration.tls.clientAuthoritiesFile].compactMap { $0 })
    self.configuration = configuration
    self.logger = logger
    self.tls = try ServerTLS(try Self.read(configuration, certificate: certificate, key: key))
    self.reminder = Mutex(ExpiryReminder())
    self.check()
  }

  func reload() throws {
    let settings = self.configuration.tls
    guard let certificate = settings.certificateFile, let key = settings.keyFile else {
      preconditionFailure("made without files")
    }
    try self.tls.replace(
      with: try Self.read(self.configuration, certificate: certificate, key: key))
    self.reminder.withLock { $0 = ExpiryReminder() }
    self.check()
  }

  /// Says when the certificate expires: once when it is read, and every day when that is near.
  func check() {
    let expiry = self.tls.certificateExpiry
    let note = self.reminder.withLock { $0.check(now: LogTimestamp.now().seconds, expiry: expiry) }
    let metadata: Logger.Metadata = [
      "file": "\(self.configuration.tls.certificateFile ?? "")",
      "expires": "\(TLSDate.text(expiry))",
    ]
    switch note {
    case .none: break
    case .tell: self.logger.info("TLS certificate read", metadata: metadata)
    case .warn:
      self.logger.warning("TLS certificate expires soon: renew it", metadata: metadata)
    case .expired:
      self.logger.error("TLS certificate has expired: clients refuse it", metadata: metadata)
    }
  }

  private static func read(
    _ node: NodeConfiguration, certificate: String, key: String
  ) throws(NodeError) -> ServerTLS.Configuration {
    let settings = node.tls
    var configuration = ServerTLS.Configuration(
      identity: TLSIdentity(
        certificate: try node.pem(certificate, of: .tlsCert), key: try node.pem(key, of: .tlsKey)))
    if let file = settings.clientAuthoritiesFile {
      configuration.clientAuthorities = try node.pem(file, of: .tlsCA)
    }
    configuration.requiresClientCertificate = settings.clientAuthentication == .require
    configuration.minimumVersion = settings.minimumVersion
    return configuration
  }
}

extension NodeConfiguration {
  /// What is in a file that a setting names.
  func pem(_ path: String, of setting: Setting) throws(NodeError) -> PEM {
    let place = self.origins.place(of: setting)
    do throws(FileProblem) {
      let text = try readText(path: path, bytesMax: NodeLimits.pemFileMaxBytes)
      return PEM(name: path, origin: place, bytes: Array(text.utf8))
    } catch {
      throw .unreadable(place, path, error.reason)
    }
  }
}

/// Decides what an operator hears about the end of a certificate. No clock: time is an argument, in
/// seconds since 1970.
struct ExpiryReminder {
  enum Note: Equatable {
    case none
    /// First mention; there is time.
    case tell
    /// Less than `noticeSeconds` are left.
    case warn
    case expired
  }

  /// From then on it is said every day: two weeks.
  static let noticeSeconds: Int64 = 14 * 86_400
  private static let daySeconds: Int64 = 86_400

  private var toldAt: Int64?

  mutating func check(now: Int64, expiry: Int64) -> Note {
    let isNear = expiry - now < Self.noticeSeconds
    if let toldAt = self.toldAt {
      guard isNear && now - toldAt >= Self.daySeconds else { return .none }
    }
    self.toldAt = now
    return expiry <= now ? .expired : isNear ? .warn : .tell
  }
}

extension LogTimestamp {
  /// Since 1970, without what is less than a second.
  fileprivate var seconds: Int64 { self.millisecondsSinceEpoch / 1_000 }
}
