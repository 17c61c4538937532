internal import Logging
internal import Synchronization

/// Who may call the node now: the file of tokens as it was last read well.
final class AccessControl: Reloadable {
  private struct State {
    var callers: CallerTable
    var generation = 0
  }

  private let path: String
  private let place: String
  /// Names, by id.
  private let namespaces: @Sendable () -> [String]
  private let logger: Logger
  private let state: Mutex<State>
  private let generationNow = Atomic<Int>(0)
  let name = "tokens"
  let files: FileStamps

  /// - Parameters:
  ///   - place: What has named the file; for messages.
  ///   - namespaces: Names of the node's namespaces as they are now, by id.
  /// - Throws: All that is wrong with the file.
  init(
    path: String, place: String = Setting.tokens.name,
    namespaces: @escaping @Sendable () -> [String], logger: Logger
  ) throws(ConfigurationError) {
    self.path = path
    self.place = place
    self.namespaces = namespaces
    self.logger = logger
    // Taken before the file is read: what is written meanwhile is seen by the next look.
    self.files = FileStamps([path])
    let file = try TokenFile(path: path, place: place, namespaces: namespaces())
    self.state = Mutex(State(callers: file.callers))
    self.warn(file.warnings)
  }

  /// Changes with every reload, and is cheap to look at: whoever remembers what `callers` said
  /// remembers this with it.
  var generation: Int { self.generationNow.load(ordering: .acquiring) }

  /// Everybody who may call, and the generation that this is.
  var callers: (table: CallerTable, generation: Int) {
    self.state.withLock { ($0.callers, $0.generation) }
  }

  func reload() throws {
    let file = try TokenFile(path: self.path, place: self.place, namespaces: self.namespaces())
    let generation = self.state.withLock { state in
      state.callers = file.callers
      state.generation += 1
      return state.generation
    }
    self.generationNow.store(generation, ordering: .releasing)
    self.warn(file.warnings)
  }

  private func warn(_ warnings: [String]) {
    for warning in warnings { self.logger.warning("\(warning)") }
  }
}
