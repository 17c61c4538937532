internal import CacheStore

extension NodeConfiguration {
  /// What is wrong with a configuration that was built by hand; `load` throws the same. A negative
  /// size or duration traps.
  public var problems: [ConfigurationProblem] {
    self.problems(origins: SettingOrigins()) { index, key in "namespaces[\(index)].\(key)" }
  }

  /// - Parameters:
  ///   - origins: Where each setting came from, for messages.
  ///   - namespaceLabel: How a message about a key of a namespace begins, by its index.
  func problems(
    origins: SettingOrigins, namespaceLabel: (Int, String) -> String
  ) -> [ConfigurationProblem] {
    var problems = Setting.all.compactMap { setting in
      setting.problem(in: self, origin: origins[setting.name])
    }
    let refused = problems.reduce(into: Set<String>()) { $0.formUnion($1.settings) }
    for relation in LimitRelation.all where relation.settings.isDisjoint(with: refused) {
      if let problem = relation.problem(in: self, origins: origins) { problems.append(problem) }
    }
    problems += self.tls.problems(listen: self.listen, origins: origins)
      .filter { $0.settings.isDisjoint(with: refused) }
    for (index, namespace) in self.namespaces.enumerated() {
      problems += namespace.problems(limits: self.limits, origins: origins, in: self) { key in
        namespaceLabel(index, key)
      }
    }
    problems += self.memoryShareProblems(namespaceLabel: namespaceLabel)
    problems += self.clusterProblems(origins: origins)
      .filter { $0.settings.isDisjoint(with: refused) }
    problems += self.exposureProblems(origins: origins)
    return problems
  }
}

extension NodeConfiguration {
  /// What namespaces are promised together must be there, beside what the store needs for itself.
  private func memoryShareProblems(
    namespaceLabel: (Int, String) -> String
  ) -> [ConfigurationProblem] {
    let most = StoreConfiguration.guaranteedPercentMax
    let sum = self.namespaces.reduce(0) { $0 + $1.memorySharePercent }
    guard sum > most, let last = self.namespaces.lastIndex(where: { $0.memorySharePercent > 0 })
    else { return [] }
    return [
      ConfigurationProblem(
        settings: [],
        message: "\(namespaceLabel(last, "memory-share")): all namespaces' shares come to \(sum)%."
          + " Lower them to \(most)% together: the rest is for index and slack, and for those who"
          + " need more.")
    ]
  }
}

extension Setting {
  /// A value is wrong by itself exactly where its text would be refused.
  fileprivate func problem(
    in configuration: NodeConfiguration, origin: SettingOrigin
  ) -> ConfigurationProblem? {
    guard let text = self.text(in: configuration) else { return nil }
    var scratch = configuration
    do {
      try self.assign(text, to: &scratch)
      return nil
    } catch {
      return self.problem(text, error, origin: origin)
    }
  }

  /// In words, why `text` was refused.
  func problem(
    _ text: String, _ refusal: SettingRefusal, origin: SettingOrigin
  ) -> ConfigurationProblem {
    ConfigurationProblem(
      settings: [self.name],
      message: "\(origin.label(of: self.name)): \(quoted(text)) \(refusal.problem)."
        + " Expected \(refusal.expected).")
  }
}

extension NamespaceConfiguration {
  /// A namespace may narrow the node's limits and never widen them.
  fileprivate func problems(
    limits: NodeLimits, origins: SettingOrigins, in configuration: NodeConfiguration,
    label: (String) -> String
  ) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    if self.valueMaxBytes > limits.valueMaxBytes {
      problems.append(
        ConfigurationProblem(
          settings: [Setting.valueMax.name],
          message: "\(label("value-max")): \(ByteCount(bytes: self.valueMaxBytes)) is above the"
            + " node's value-max (\(origins.describe(.valueMax, in: configuration)))."
            + " Lower it, or raise the node's."))
    }
    if self.ttlMaxMilliseconds > limits.ttlMaxMilliseconds {
      let ttlMax = DurationText.text(milliseconds: self.ttlMaxMilliseconds)
      problems.append(
        ConfigurationProblem(
          settings: [Setting.ttlMax.name],
          message: "\(label("ttl-max")): \(ttlMax) is above the node's ttl-max"
            + " (\(origins.describe(.ttlMax, in: configuration))). Lower it, or raise the node's."))
    }
    if let defaultTTL = self.defaultTTLMilliseconds, defaultTTL > self.ttlMaxMilliseconds {
      problems.append(
        ConfigurationProblem(
          settings: [Setting.ttlMax.name],
          message: "\(label("default-ttl")): \(DurationText.text(milliseconds: defaultTTL))"
            + " is above the namespace's ttl-max"
            + " (\(DurationText.text(milliseconds: self.ttlMaxMilliseconds)))."
            + " Lower it, or raise ttl-max."))
    }
    return problems
  }
}
