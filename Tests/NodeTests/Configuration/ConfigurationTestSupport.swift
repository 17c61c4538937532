import Foundation
import Testing

@testable import Node

/// A YAML file that is there for as long as `body` runs.
func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("larder-\(UUID().uuidString).yaml").path
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  let result = Swift.Result { try body(path) }
  try FileManager.default.removeItem(atPath: path)
  return try result.get()
}

/// The configuration from the three sources, on a machine of four cores.
func load(
  _ flags: [String: String] = [:], environment: [String: String] = [:], yaml: String? = nil
) throws -> NodeConfiguration {
  guard let yaml else {
    return try NodeConfiguration.load(flags: flags, environment: environment, coreCount: 4)
  }
  return try withFile(Array(yaml.utf8)) { path in
    try NodeConfiguration.load(
      flags: flags.merging(["config": path]) { given, _ in given }, environment: environment,
      coreCount: 4)
  }
}

/// The messages with which a configuration is refused, the file's path replaced by FILE.
func problems(
  _ flags: [String: String] = [:], environment: [String: String] = [:], yaml: String? = nil
) throws -> [String] {
  try problems(flags, environment: environment, bytes: yaml.map { Array($0.utf8) })
}

func problems(
  _ flags: [String: String] = [:], environment: [String: String] = [:], bytes: [UInt8]?
) throws -> [String] {
  try withFile(bytes ?? []) { path in
    let file = bytes == nil ? [:] : ["config": path]
    do {
      _ = try NodeConfiguration.load(
        flags: flags.merging(file) { given, _ in given }, environment: environment, coreCount: 4)
      Issue.record("the configuration was accepted")
      return []
    } catch let error as ConfigurationError {
      return error.problems.map { $0.message.replacingOccurrences(of: path, with: "FILE") }
    }
  }
}
