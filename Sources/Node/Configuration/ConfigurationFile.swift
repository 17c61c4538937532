internal import Yams

/// What a YAML file says: settings as text, namespaces, and what is wrong with its shape.
///
/// Values stay text here, so that a size or a duration is read in one way wherever it came from;
/// YAML's own idea of a type (`yes` is a boolean, `1e3` a number) has no say.
struct ConfigurationFile {
  /// One setting of the file.
  struct Entry: Equatable {
    let name: String
    let text: String
    let origin: SettingOrigin
  }

  private(set) var entries: [Entry] = []
  private(set) var namespaces: [NamespaceDraft] = []
  private(set) var problems: [ConfigurationProblem] = []
  private let path: String

  /// Reads YAML. What is wrong with it becomes a problem, and the rest is still read.
  ///
  /// - Parameter path: For messages.
  init(yaml: String, path: String) {
    self.path = path
    do {
      // Some editors begin a file with a byte order mark, which is no part of its text.
      let scalars = yaml.unicodeScalars
      let text = scalars.first == "\u{FEFF}" ? String(scalars.dropFirst()) : yaml
      guard let root = try Parser(yaml: text, encoding: .utf8).singleRoot() else { return }
      self.readRoot(root)
    } catch let error as YamlError {
      self.add(describe(error), line: error.line)
    } catch {
      self.add("this is not valid YAML: \(error)", line: nil)
    }
  }

  private mutating func readRoot(_ root: Yams.Node) {
    if let scalar = root.scalar, isNull(scalar) { return }
    guard let mapping = root.mapping else {
      self.add(
        "found \(shape(of: root)). Expected settings, such as memory: 1GiB.",
        line: line(of: root))
      return
    }
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        self.add("the name of a setting cannot be \(shape(of: key)).", line: line(of: key))
        continue
      }
      if name == NamespaceDraft.key {
        self.readNamespaces(value, keyLine: line(of: key))
      } else if name == Setting.config.name {
        self.add("a file cannot name another one by \(name).", line: line(of: key))
      } else if let setting = Setting.all.first(where: { $0.name == name }) {
        self.readSetting(setting, value, keyLine: line(of: key))
      } else {
        let known = Setting.all.map(\.name).filter { $0 != Setting.config.name }
        let nearest = suggestion(for: name, among: known + [NamespaceDraft.key])
        self.add("no setting is named \(quoted(name)).\(nearest)", line: line(of: key))
      }
    }
  }

  private mutating func readSetting(_ setting: Setting, _ value: Yams.Node, keyLine: Int) {
    let origin = SettingOrigin.file(path: self.path, line: keyLine)
    if let scalar = value.scalar, !isNull(scalar) {
      self.entries.append(Entry(name: setting.name, text: scalar.string, origin: origin))
    } else {
      self.problems.append(
        ConfigurationProblem(
          settings: [setting.name],
          message: "\(origin.label(of: setting.name)): found \(shape(of: value))."
            + " Expected \(setting.expected)."))
    }
  }

  private mutating func readNamespaces(_ list: Yams.Node, keyLine: Int) {
    guard let items = list.sequence else {
      self.add(
        "\(NamespaceDraft.key) is \(shape(of: list))."
          + " Expected a list, such as - name: sessions.",
        line: keyLine)
      return
    }
    guard items.count < NodeLimits.namespacesMax else {
      self.add(
        "\(NamespaceDraft.key) has \(items.count) items."
          + " Expected at most \(NodeLimits.namespacesMax - 1).",
        line: keyLine)
      return
    }
    for (index, item) in items.enumerated() {
      var draft = NamespaceDraft(index: index, path: self.path, line: line(of: item))
      guard let mapping = item.mapping else {
        self.problems.append(
          draft.problem(
            "name", "found \(shape(of: item))", expected: "a map, such as name: sessions"))
        continue
      }
      for (key, value) in mapping {
        guard let name = key.scalar?.string else {
          self.add("the name of a key cannot be \(shape(of: key)).", line: line(of: key))
          continue
        }
        let text = value.scalar.flatMap { isNull($0) ? nil : $0.string }
        draft.read(name, text, shape: shape(of: value), line: line(of: key))
      }
      self.problems += draft.finish(unlike: self.namespaces)
      self.namespaces.append(draft)
    }
  }

  private mutating func add(_ problem: String, line: Int?) {
    let place = line.map { ", line \($0)" } ?? ""
    self.problems.append(
      ConfigurationProblem(
        settings: [], message: "\(escapedForPeople(self.path))\(place): \(problem)"))
  }
}

/// A value that was left out, which YAML takes for null. A quoted "" is a text and not null.
func isNull(_ scalar: Yams.Node.Scalar) -> Bool {
  scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
}

func shape(of node: Yams.Node) -> String {
  switch node {
  case .scalar(let scalar): isNull(scalar) ? "nothing" : quoted(scalar.string)
  case .mapping: "a map"
  case .sequence: "a list"
  case .alias: "an alias"
  }
}

func line(of node: Yams.Node) -> Int {
  node.mark?.line ?? 1
}

func describe(_ error: YamlError) -> String {
  switch error {
  case .scanner(_, let problem, _, _), .parser(_, let problem, _, _),
    .composer(_, let problem, _, _), .reader(let problem, _, _, _):
    "this is not valid YAML: \(problem)."
  case .duplicatedKeysInMapping(let names, _):
    "\(names.map(quoted).joined(separator: ", ")) is given more than once."
  default: "this is not valid YAML: \(escapedForPeople("\(error)"))."
  }
}

extension YamlError {
  /// Where the file is wrong, counted from 1.
  var line: Int? {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: nil
    }
  }
}
