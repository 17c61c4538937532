internal import Synchronization

// Namespaces that come and change while the store is used, and that are emptied.
extension Store {
  /// Adds a namespace, which is there for all threads when this returns.
  ///
  /// - Returns: nil where there is one of that name.
  /// - Throws: What is wrong with its settings, also beside those of the others.
  public func createNamespace(
    _ configuration: NamespaceConfiguration
  ) throws(StoreConfigurationError) -> NamespaceID? {
    try self.namespaces.lists.withLock { lists throws(StoreConfigurationError) in
      let present = lists[lists.count - 1].owned.map(\.configuration)
      guard !present.contains(where: { $0.name == configuration.name }) else { return nil }
      try self.configuration.validate(present + [configuration])
      for shard in self.shards {
        let pool = configuration.pool(
          self.configuration, budgetBytes: shard.context.budgetBytes)
        shard.withLock { state, _ in state.addNamespace(pool) }
      }
      // Not before all shards know it.
      self.namespaces.append(configuration, to: &lists)
      return NamespaceID(rawValue: UInt16(present.count))
    }
  }

  /// Changes a namespace. Blocks until its entries are under their new policy, if that changes: some
  /// hundred nanoseconds for each entry of the store, in steps that hold a shard for less than a
  /// millisecond each.
  ///
  /// - Parameter configuration: With the name of the one that is meant.
  /// - Returns: false where there is none of that name.
  /// - Throws: What is wrong with its settings, also beside those of the others. All stays then.
  public func alterNamespace(
    _ configuration: NamespaceConfiguration
  ) throws(StoreConfigurationError) -> Bool {
    try self.namespaces.lists.withLock { lists throws(StoreConfigurationError) in
      let owned = lists[lists.count - 1].owned
      guard let number = owned.firstIndex(where: { $0.name == configuration.name }) else {
        return false
      }
      var all = owned.map(\.configuration)
      all[number] = configuration
      try self.configuration.validate(all)
      owned[number].set(configuration)
      let id = NamespaceID(rawValue: UInt16(number))
      for shard in self.shards {
        let pool = configuration.pool(
          self.configuration, budgetBytes: shard.context.budgetBytes)
        shard.withLock { state, _ in state.beginRepooling(id, to: pool) }
        while shard.withLock({ $0.repool(&$1) }) {}
      }
      return true
    }
  }

  /// Empties a namespace: what was written to it until now is not there any more, however much it is.
  /// The memory comes back in steps, by `reclaimFlushed` and `sweep`.
  ///
  /// A flush has a version, as a write has, and takes what is older: a write that comes later stays,
  /// and a copy of an older one that arrives later from another node is not taken.
  ///
  /// - Returns: The version.
  @discardableResult
  public func flush(_ namespace: NamespaceID, now: StoreTime) -> Version {
    let version = self.clock.next(wallMilliseconds: now.wallMilliseconds)
    for shard in self.shards {
      shard.withLock { state, _ in state.flush(namespace, through: version) }
    }
    return version
  }

  /// The version of the last flush of a namespace. A copy from another node at or below it must not be
  /// answered.
  public func flushedThrough(_ namespace: NamespaceID) -> Version {
    // A flush is over when all shards have it.
    self.shards.reduce(Version(rawValue: .max)) { least, shard in
      min(least, shard.withLock { state, _ in state.homes[namespace].flushedThrough })
    }
  }

  /// One step of taking back the memory of flushed entries.
  ///
  /// - Returns: false where there is nothing left to do.
  public func reclaimFlushed(now: StoreTime) -> Bool {
    for shard in self.shards {
      let isDone = shard.withLock { state, garbage in
        guard state.mayHoldFlushed else { return true }
        _ = state.sweep(bucketsMax: .max, now: now, &garbage)
        return false
      }
      if !isDone { return true }
    }
    return false
  }
}
