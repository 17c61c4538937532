public import Foundation
import Glibc
import Synchronization

/// A real etcd on loopback, of Debian's package etcd-server, with its data in a temporary folder: in memory
/// where there is room, as a disk that others keep busy may take seconds for each write. Ends with the
/// process that started it, however that ends.
public final class EtcdProcess: Sendable {
  /// Files in PEM, for a member that speaks TLS with its clients.
  public struct TLSFiles: Sendable {
    public let certificate: String
    public let key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  public let name: String
  public let clientPort: UInt16
  public let folder: URL
  private let arguments: [String]
  private let child = Mutex<ChildProcess?>(nil)

  private init(
    _ name: String, clientPort: UInt16, peerPort: UInt16, cluster: String, tls: TLSFiles?,
    extraArguments: [String]
  ) throws {
    self.folder = Self.base().appendingPathComponent("larder-etcd-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
    self.name = name
    self.clientPort = clientPort
    let clientURL = "\(tls == nil ? "http" : "https")://127.0.0.1:\(clientPort)"
    let peerURL = "http://127.0.0.1:\(peerPort)"
    var arguments = [
      "--name", name, "--data-dir", self.folder.appendingPathComponent("data").path,
      "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
      "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
      "--initial-cluster", cluster, "--initial-cluster-state", "new",
      "--heartbeat-interval", "50", "--election-timeout", "500",
      "--logger", "zap", "--log-outputs", self.folder.appendingPathComponent("log").path,
    ]
    if let tls { arguments += ["--cert-file", tls.certificate, "--key-file", tls.key] }
    self.arguments = arguments + extraArguments
  }

  deinit {
    self.kill()
    do {
      try FileManager.default.removeItem(at: self.folder)
    } catch {
      // No failure of the test that is over: the folder is the system's to tidy up.
      print("etcd's folder \(self.folder.path) is left behind: \(error)")
    }
  }

  /// Each etcd keeps some 130 MB, of which most is reserved for its log.
  private static let memoryMinBytes = 2 << 30

  private static func base() -> URL {
    var memory = statvfs()
    guard statvfs("/dev/shm", &memory) == 0, access("/dev/shm", W_OK) == 0,
      Int(memory.f_bavail) * Int(memory.f_frsize) >= Self.memoryMinBytes
    else { return FileManager.default.temporaryDirectory }
    return URL(fileURLWithPath: "/dev/shm")
  }

  /// One member, not started.
  public static func single(
    tls: TLSFiles? = nil, _ extraArguments: [String] = []
  ) throws -> EtcdProcess {
    let ports = freePorts(2)
    return try EtcdProcess(
      "one", clientPort: ports[0], peerPort: ports[1],
      cluster: "one=http://127.0.0.1:\(ports[1])", tls: tls, extraArguments: extraArguments)
  }

  /// Members of one etcd, not started.
  public static func cluster(of count: Int) throws -> [EtcdProcess] {
    let ports = freePorts(2 * count)
    let cluster = (0..<count).map { "m\($0)=http://127.0.0.1:\(ports[count + $0])" }
      .joined(separator: ",")
    return try (0..<count).map { index in
      try EtcdProcess(
        "m\(index)", clientPort: ports[index], peerPort: ports[count + index], cluster: cluster,
        tls: nil, extraArguments: [])
    }
  }

  /// `LARDER_TEST_ETCD`, for other versions than Debian's.
  private static let program =
    ProcessInfo.processInfo.environment["LARDER_TEST_ETCD"] ?? "/usr/bin/etcd"

  /// Where clients reach it.
  public var url: String { "http://127.0.0.1:\(self.clientPort)" }

  /// Starts it, with the data that it had, and waits until it accepts connections.
  ///
  /// - Parameter isLaunched: it was started, and is only waited for.
  public func start(isLaunched: Bool = false) async throws {
    if !isLaunched { try self.launch() }
    let deadline = ContinuousClock.now + .seconds(60)
    while !isListening(self.clientPort) {
      guard self.isRunning else { throw self.failure("ended as soon as it was started") }
      guard ContinuousClock.now < deadline else { throw self.failure("does not listen") }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Starts it without waiting: a member of several listens only when there is a majority.
  public func launch() throws {
    precondition(!self.isRunning, "an etcd is started once at a time")
    let environment = ProcessInfo.processInfo.environment
      .filter { !$0.key.hasPrefix("ETCD_") }.map { "\($0.key)=\($0.value)" }
    let child: ChildProcess
    do throws(Failure) {
      child = try ChildProcess(
        [Self.program] + self.arguments, environment: environment, folder: self.folder.path)
    } catch {
      throw Failure(description: "\(error) (Debian: apt-get install etcd-server)")
    }
    self.child.withLock { $0 = child }
  }

  public var isRunning: Bool { self.child.withLock { $0?.isRunning ?? false } }

  /// SIGTERM: it says goodbye to its clients. Returns when it is gone.
  public func stop() async throws {
    let child = self.child.withLock { $0 }
    child?.signal(SIGTERM)
    let deadline = ContinuousClock.now + .seconds(60)
    while child?.isRunning == true {
      guard ContinuousClock.now < deadline else { throw self.failure("does not stop") }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// SIGKILL. Returns when it is gone.
  public func kill() { self.child.withLock { $0?.killAndWait() } }

  /// SIGSTOP: it is there, and does not answer.
  public func pause() { self.child.withLock { $0?.signal(SIGSTOP) } }

  /// SIGCONT.
  public func resume() { self.child.withLock { $0?.signal(SIGCONT) } }

  /// Forgets all data, as if the disk were new. Not while it runs.
  public func wipe() throws {
    precondition(!self.isRunning, "an etcd that runs keeps its data")
    try FileManager.default.removeItem(at: self.folder.appendingPathComponent("data"))
  }

  private func failure(_ what: String) -> Failure {
    let log = self.folder.appendingPathComponent("log")
    let text: String
    do {
      text = try String(contentsOf: log, encoding: .utf8)
    } catch {
      text = "no log: \(error)"
    }
    return Failure(description: "etcd \(self.name) \(what): \(text.suffix(2_000))")
  }
}
