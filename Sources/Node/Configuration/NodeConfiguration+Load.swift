extension NodeConfiguration {
  /// Reads the configuration of a node. A flag wins over a variable of the environment, which wins
  /// over the YAML file, which wins over the default.
  ///
  /// Every value is checked, those that lose as well: what is wrong today and hidden by a flag
  /// would be a surprise on the day that the flag goes.
  ///
  /// - Parameters:
  ///   - flags: Values as given on the command line, by the names of their settings.
  ///   - environment: All of it; only variables that begin with `LARDER_` are looked at.
  ///   - coreCount: As for `init`.
  /// - Throws: All that is wrong, at once.
  public static func load(
    flags: [String: String], environment: [String: String], coreCount: Int? = nil
  ) throws(ConfigurationError) -> NodeConfiguration {
    var loader = ConfigurationLoader(configuration: NodeConfiguration(coreCount: coreCount))
    loader.readFile(named: flags, environment)
    loader.readEnvironment(environment)
    loader.readFlags(flags)
    return try loader.finish()
  }
}

/// Lays the sources over the defaults, lowest first, and gathers all that is wrong.
private struct ConfigurationLoader {
  private var configuration: NodeConfiguration
  private var origins = SettingOrigins()
  private var namespaces: [NamespaceDraft] = []
  private var problems: [ConfigurationProblem] = []

  init(configuration: NodeConfiguration) {
    self.configuration = configuration
  }

  mutating func readFile(named flags: [String: String], _ environment: [String: String]) {
    let setting = Setting.config
    let flag = flags[setting.name]
    // An empty name is refused with the flags and variables.
    guard let path = flag ?? environment[setting.variableName], !path.isEmpty else { return }
    do throws(FileProblem) {
      let file = ConfigurationFile(
        yaml: try readText(path: path, bytesMax: NodeLimits.configFileMaxBytes), path: path)
      for entry in file.entries {
        self.assign(entry.name, entry.text, entry.origin)
      }
      self.namespaces = file.namespaces
      self.problems += file.problems
    } catch {
      let origin = flag == nil ? SettingOrigin.variable : .flag
      self.problems.append(
        ConfigurationProblem(
          settings: [setting.name],
          message: "\(origin.label(of: setting.name)): \(quoted(path)) \(error.reason)."
            + " Expected \(setting.expected) in UTF-8."))
    }
  }

  mutating func readEnvironment(_ environment: [String: String]) {
    let names = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.variableName, $0.name) })
    let ours = environment.filter { isOurs(variable: $0.key, value: $0.value) }
    for (variable, text) in ours.sorted(by: { $0.key < $1.key }) {
      if let name = names[variable] {
        self.assign(name, text, .variable)
      } else if variable == Setting.variableName(of: NamespaceDraft.key) {
        self.refuse("\(variable): namespaces can only be given in the YAML file.")
      } else {
        let nearest = suggestion(for: variable, among: names.keys.sorted())
        self.refuse("No setting has the variable \(quoted(variable)).\(nearest)")
      }
    }
  }

  mutating func readFlags(_ flags: [String: String]) {
    // In the order of the table, so that problems come in the same order each time.
    let known = Setting.all.map(\.name)
    for name in known {
      if let text = flags[name] { self.assign(name, text, .flag) }
    }
    for name in flags.keys.sorted() where !known.contains(name) {
      let nearest = suggestion(for: name, among: known)
      self.refuse("No flag is named \(quoted("--" + name)).\(nearest)")
    }
  }

  /// What settings demand of each other is judged only where each by itself was accepted: a
  /// follow-on complaint about a default that stands in for a refused value would mislead.
  mutating func finish() throws(ConfigurationError) -> NodeConfiguration {
    let limits = self.configuration.limits
    var byDefault = NamespaceConfiguration(name: "", limits: limits)
    var namespaces: [NamespaceConfiguration] = []
    var labels: [NamespaceDraft?] = [nil]
    for draft in self.namespaces {
      let namespace = draft.resolved(limits: limits)
      if draft.name == "" {
        byDefault = namespace
        labels[0] = draft
      } else {
        namespaces.append(namespace)
        labels.append(draft)
      }
    }
    self.configuration.namespaces = [byDefault] + namespaces

    let refused = self.problems.reduce(into: Set<String>()) { $0.formUnion($1.settings) }
    self.problems += self.configuration
      .problems(origins: self.origins) { index, key in
        labels[index]?.label(of: key) ?? "\(NamespaceDraft.key)[\"\"].\(key)"
      }
      .filter { $0.settings.isDisjoint(with: refused) }
    self.configuration.origins = self.origins
    if let path = self.configuration.tokensFile { self.checkTokens(path) }
    guard self.problems.isEmpty else { throw ConfigurationError(problems: self.problems) }
    return self.configuration
  }

  /// What is wrong with the file of tokens is told with all the rest.
  private mutating func checkTokens(_ path: String) {
    do throws(ConfigurationError) {
      _ = try TokenFile(
        path: path, place: self.origins.place(of: .tokens),
        namespaces: self.configuration.namespaces.map(\.name))
    } catch {
      self.problems += error.problems
    }
  }

  private mutating func assign(_ name: String, _ text: String, _ origin: SettingOrigin) {
    guard let setting = Setting.all.first(where: { $0.name == name }) else {
      preconditionFailure("\(name) was looked up in the table by the caller")
    }
    do {
      try setting.assign(text, to: &self.configuration)
      self.origins[name] = origin
    } catch {
      self.problems.append(setting.problem(text, error, origin: origin))
    }
  }

  private mutating func refuse(_ message: String) {
    self.problems.append(ConfigurationProblem(settings: [], message: message))
  }
}
