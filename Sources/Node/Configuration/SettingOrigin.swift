/// Where the value of a setting came from.
public enum SettingOrigin: Sendable, Equatable {
  /// Nobody gave one.
  case byDefault
  /// The command line.
  case flag
  /// The environment.
  case variable
  /// The YAML file. `line` counts from 1.
  case file(path: String, line: Int)

  /// How a message about `name` begins: the place where a person has to look.
  func label(of name: String) -> String {
    switch self {
    case .byDefault: "\(name) by default"
    case .flag: "--\(name)"
    case .variable: Setting.variableName(of: name)
    case .file(let path, let line): "\(name) in \(escapedForPeople(path)), line \(line)"
    }
  }
}

/// Where each setting came from. That is no part of what a configuration says: any two are equal.
struct SettingOrigins: Sendable, Equatable {
  private var byName: [String: SettingOrigin] = [:]

  static func == (_: Self, _: Self) -> Bool { true }

  subscript(name: String) -> SettingOrigin {
    get { self.byName[name] ?? .byDefault }
    set { self.byName[name] = newValue }
  }

  /// How a message about the file that a setting names begins; the setting's name, where a program has
  /// given it.
  func place(of setting: Setting) -> String {
    let origin = self[setting.name]
    return origin == .byDefault ? setting.name : origin.label(of: setting.name)
  }

  /// `5MiB from --value-max`, `4MiB by default`.
  func describe(_ setting: Setting, in configuration: NodeConfiguration) -> String {
    let value = setting.text(in: configuration) ?? ""
    return switch self[setting.name] {
    case .byDefault: "\(value) by default"
    case .flag: "\(value) from --\(setting.name)"
    case .variable: "\(value) from \(setting.variableName)"
    case .file(let path, let line): "\(value) from \(escapedForPeople(path)), line \(line)"
    }
  }
}

/// One thing that is wrong with a configuration, in words for the person who wrote it.
public struct ConfigurationProblem: Sendable, Equatable {
  /// Names of the settings that take part; empty where the problem is not about a known one.
  public let settings: Set<String>
  /// Names the place, the value and what is expected instead. One line.
  public let message: String
}

/// Everything that is wrong with a configuration. Never empty.
public struct ConfigurationError: Error, Sendable, Equatable {
  /// In the order file, environment, flags; then what settings demand of each other.
  public let problems: [ConfigurationProblem]
}

extension ConfigurationError: CustomStringConvertible {
  /// One line, or a heading and a line for each problem.
  public var description: String {
    if self.problems.count == 1 { return self.problems[0].message }
    return "The configuration has \(self.problems.count) problems:"
      + self.problems.map { "\n  - \($0.message)" }.joined()
  }
}

/// A value from outside, quoted, safe to print on a terminal and of bounded length.
func quoted(_ value: String) -> String {
  let shown = value.unicodeScalars.prefix(quotedScalarsMax)
  let rest = shown.endIndex == value.unicodeScalars.endIndex ? "" : "..."
  return "\"\(escapedForPeople(String(String.UnicodeScalarView(shown))))\(rest)\""
}

/// Unicode scalars of a value that a message shows.
let quotedScalarsMax = 80
