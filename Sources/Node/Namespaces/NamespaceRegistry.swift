internal import CacheStore
internal import GRPC
internal import LarderAPI
internal import NIOCore
internal import Synchronization

/// The node's namespaces as its operator has them: those of the configuration, and those that were
/// made since. The store has what calls look at; here is the rest, and the one way to change them.
///
/// Changing blocks, while entries go over to another policy, and so does describing meanwhile: callers
/// use a thread that may wait.
final class NamespaceRegistry: Sendable {
  private struct State {
    /// By number.
    var namespaces: [NamespaceConfiguration]
  }

  private let store: Store
  private let limits: NodeLimits
  /// Namespaces of the configuration, with the default one: these numbers come first.
  private let configuredCount: Int
  private let state: Mutex<State>
  /// By number, for as many as there may be.
  private let rateLimits: [NamespaceRateLimit]
  private let hasRateLimits = Atomic(false)

  init(_ configuration: NodeConfiguration, store: Store) {
    self.store = store
    self.limits = configuration.limits
    self.configuredCount = configuration.namespaces.count
    self.state = Mutex(State(namespaces: configuration.namespaces))
    self.rateLimits = (0..<NodeLimits.namespacesMax).map { _ in NamespaceRateLimit() }
    for (number, namespace) in configuration.namespaces.enumerated() {
      self.setRateLimit(of: number, to: namespace)
    }
  }

  // MARK: For calls

  /// Whether there is any rate that calls must be held to.
  var isRateLimited: Bool { self.hasRateLimits.load(ordering: .relaxed) }

  func rateLimit(of namespace: NamespaceID) -> NamespaceRateLimit {
    self.rateLimits[Int(namespace.rawValue)]
  }

  // MARK: For operators

  /// Makes a namespace.
  func create(
    _ name: String, _ settings: NamespaceSettings
  ) throws(NamespaceError) -> NamespaceDescription {
    try self.state.withLock { state throws(NamespaceError) in
      guard !state.namespaces.contains(where: { $0.name == name }) else { throw .exists(name) }
      guard Self.isName(name) else { throw .invalidName(name) }
      guard state.namespaces.count < NodeLimits.namespacesMax else { throw .tooMany }
      var namespace = NamespaceConfiguration(name: name, limits: self.limits)
      try namespace.change(by: settings, limits: self.limits)
      do throws(StoreConfigurationError) {
        guard try self.store.createNamespace(.init(namespace)) != nil else {
          preconditionFailure("the store has no namespaces that are not here")
        }
      } catch {
        throw .invalid("\(error)")
      }
      state.namespaces.append(namespace)
      self.setRateLimit(of: state.namespaces.count - 1, to: namespace)
      return self.description(of: state.namespaces.count - 1, state)
    }
  }

  /// Changes the settings that are said, and no others.
  func alter(
    _ name: String, _ settings: NamespaceSettings
  ) throws(NamespaceError) -> NamespaceDescription {
    try self.state.withLock { state throws(NamespaceError) in
      guard let number = state.namespaces.firstIndex(where: { $0.name == name }) else {
        throw .unknown(name)
      }
      var namespace = state.namespaces[number]
      try namespace.change(by: settings, limits: self.limits)
      do throws(StoreConfigurationError) {
        guard try self.store.alterNamespace(.init(namespace)) else {
          preconditionFailure("the store has all namespaces that are here")
        }
      } catch {
        throw .invalid("\(error)")
      }
      let hasNewRate = namespace.rateLimit != state.namespaces[number].rateLimit
      state.namespaces[number] = namespace
      if hasNewRate { self.setRateLimit(of: number, to: namespace) }
      return self.description(of: number, state)
    }
  }

  /// Those of these names, in their order; all, where there are no names.
  func describe(_ names: [String]) throws(NamespaceError) -> [NamespaceDescription] {
    try self.state.withLock { state throws(NamespaceError) in
      guard !names.isEmpty else {
        return state.namespaces.indices.map { self.description(of: $0, state) }
      }
      var described: [NamespaceDescription] = []
      for name in names {
        guard let number = state.namespaces.firstIndex(where: { $0.name == name }) else {
          throw .unknown(name)
        }
        described.append(self.description(of: number, state))
      }
      return described
    }
  }

  /// Those that were made at run time, without what is in them: for a snapshot.
  var madeAtRunTime: [NamespaceDescription] {
    self.state.withLock { state in
      state.namespaces.indices.dropFirst(self.configuredCount).map { number in
        var description = self.description(of: number, state)
        description.status = NamespaceStatus()
        return description
      }
    }
  }

  private func setRateLimit(of number: Int, to namespace: NamespaceConfiguration) {
    self.rateLimits[number].set(namespace.rateLimit)
    // Never taken back: one that has had a rate may get another.
    if namespace.rateLimit != nil { self.hasRateLimits.store(true, ordering: .relaxed) }
  }

  private func description(of number: Int, _ state: borrowing State) -> NamespaceDescription {
    var description = NamespaceDescription()
    description.name = state.namespaces[number].name
    description.settings = NamespaceSettings(state.namespaces[number])
    description.isMadeAtRunTime = number >= self.configuredCount
    description.status = NamespaceStatus(
      name: description.name, self.store.statistics().namespaces[number])
    return description
  }

  private static func isName(_ name: String) -> Bool {
    (1...NodeLimits.namespaceNameMaxBytes).contains(name.utf8.count)
      && name.utf8.allSatisfy(isNameByte)
  }
}
