import Glibc
import Synchronization

/// A process of ours that ends with us, however we end.
///
/// Not Foundation's: that learns of an end by a socket which other children inherit, and so waits for
/// them too.
final class ChildProcess: Sendable {
  private struct State {
    var isReaped = false
  }

  let id: pid_t
  private let guardian: pid_t
  private let state = Mutex(State())

  /// - Parameters:
  ///   - arguments: the program's path first.
  ///   - folder: removed when we end and nobody has done so.
  init(
    _ arguments: [String], environment: [String], folder: String
  ) throws(EtcdProcess.Failure) {
    self.id = try Self.spawn(arguments, environment)
    let watch = "while kill -0 \(getpid()) && kill -0 \(self.id); do sleep 0.3; done 2>/dev/null"
    let tidy = #"kill -0 \#(getpid()) 2>/dev/null || rm -rf "$1""#
    self.guardian = try Self.spawn(
      ["/bin/sh", "-c", "\(watch); kill -9 \(self.id) 2>/dev/null; \(tidy)", "sh", folder],
      environment)
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String]
  ) throws(EtcdProcess.Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in Int32(0)...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    let error = Self.closeFrom(&actions, 3)
    guard error == 0 else { throw Self.failure(arguments[0], error) }
    var id: pid_t = 0
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = environment.map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    let started = posix_spawn(&id, arguments[0], &actions, nil, &argv, &envp)
    guard started == 0 else { throw Self.failure(arguments[0], started) }
    return id
  }

  private static func failure(_ program: String, _ error: Int32) -> EtcdProcess.Failure {
    EtcdProcess.Failure(
      description: "cannot start \(program): \(String(cString: strerror(error)))")
  }

  /// Has the child close what other tests have open: a server that a test has closed would otherwise go
  /// on listening in the child. In glibc since 2.34, but not in Swift's view of it.
  private static func closeFrom(
    _ actions: inout posix_spawn_file_actions_t, _ descriptor: Int32
  ) -> Int32 {
    typealias CloseFrom =
      @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
      return ENOSYS
    }
    // The type is that of the declaration in spawn.h.
    return unsafeBitCast(symbol, to: CloseFrom.self)(&actions, descriptor)
  }

  /// It has not ended.
  var isRunning: Bool {
    self.state.withLock { state in
      guard !state.isReaped else { return false }
      state.isReaped = waitpid(self.id, nil, WNOHANG) == self.id
      if state.isReaped { self.dismissGuardian() }
      return !state.isReaped
    }
  }

  /// Nothing happens to one that has ended.
  func signal(_ signal: Int32) {
    self.state.withLock { state in
      // Until it is reaped nobody else has its number.
      if !state.isReaped { Glibc.kill(self.id, signal) }
    }
  }

  /// Ends it at once, and waits for that.
  func killAndWait() {
    self.state.withLock { state in
      guard !state.isReaped else { return }
      Glibc.kill(self.id, SIGKILL)
      waitpid(self.id, nil, 0)
      state.isReaped = true
      self.dismissGuardian()
    }
  }

  private func dismissGuardian() {
    Glibc.kill(self.guardian, SIGKILL)
    waitpid(self.guardian, nil, 0)
  }
}
