public import CacheStore

/// Gets what this node lacks of keys that it owns from those that had them before.
public protocol KeyFetcher: Sendable {
  /// Asks those that had the keys before for what is not here, and puts it into the store. Afterwards
  /// the store has whatever there is of them. Returns within a bounded time, and soon once its task is
  /// cancelled.
  ///
  /// - Returns: false: those that had them do not answer.
  func fetch(_ keys: [FetchKey]) async -> Bool
}

/// A key whose entry is to be fetched.
public struct FetchKey: Sendable {
  public let namespace: NamespaceID
  /// By which other nodes know the namespace; empty: the default one.
  public let namespaceName: String
  public let bytes: [UInt8]
  /// As `StoreKey` has it.
  public let hash: UInt64

  public init(namespace: NamespaceID, namespaceName: String, bytes: [UInt8], hash: UInt64) {
    self.namespace = namespace
    self.namespaceName = namespaceName
    self.bytes = bytes
    self.hash = hash
  }
}

extension FetchKey: Hashable {
  public static func == (left: Self, right: Self) -> Bool {
    left.hash == right.hash && left.namespace == right.namespace && left.bytes == right.bytes
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(self.hash) }
}
