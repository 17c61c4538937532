/// How log records look, as `--log-format` has it.
public enum LogFormat: String, Sendable, CaseIterable {
  /// `text` where standard error is a terminal, else `json`.
  case auto
  /// One line for people: time, level, message, key=value.
  case text
  /// One JSON object a line.
  case json
}

/// How log records look, decided.
enum LogStyle: Sendable, Equatable {
  case text(isColoured: Bool)
  case json

  /// Colour is for terminals whose user has not asked for none (no-color.org; an empty `NO_COLOR`
  /// counts as unset there) and that know colour.
  ///
  /// - Parameter isTerminal: Of the descriptor that is written to.
  init(_ format: LogFormat, isTerminal: Bool, environment: [String: String]) {
    let noColor = environment["NO_COLOR"] ?? ""
    let isColoured = isTerminal && noColor.isEmpty && environment["TERM"] != "dumb"
    switch format {
    case .auto: self = isTerminal ? .text(isColoured: isColoured) : .json
    case .text: self = .text(isColoured: isColoured)
    case .json: self = .json
    }
  }
}
