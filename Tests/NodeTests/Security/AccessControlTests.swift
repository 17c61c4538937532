import Foundation
import Logging
import Synchronization
import Testing

@testable import Node

@Suite struct AccessControlTests {
  @Test func `a file that was replaced is read, and one that was not is left alone`() async throws {
    try await withTokens("- {name: a, token: 0123456789abcdef, roles: [read]}") { path, log in
      let control = try AccessControl(path: path, namespaces: { [""] }, logger: log.logger)
      let reloader = Reloader([control], logger: log.logger)
      let first = control.generation
      await reloader.reloadChanged()
      #expect(control.generation == first)
      #expect(control.caller("0123456789abcdef") == "a")

      try replace(path, "- {name: bee, token: fedcba9876543210, roles: [read]}")
      #expect(control.caller("0123456789abcdef") == "a")
      await reloader.reloadChanged()
      #expect(control.generation != first && control.generation == control.callers.generation)
      #expect(control.caller("0123456789abcdef") == nil)
      #expect(control.caller("fedcba9876543210") == "bee")
      #expect(log.messages == ["info reloaded: tokens"])
    }
  }

  @Test func `a bad file changes nothing and is complained of once`() async throws {
    try await withTokens("- {name: a, token: 0123456789abcdef, roles: [read]}") { path, log in
      let control = try AccessControl(path: path, namespaces: { [""] }, logger: log.logger)
      let reloader = Reloader([control], logger: log.logger)
      let first = control.generation
      try replace(path, "- {name: a, token: 0123456789abcdef, roles: [reed]}")
      for _ in 0..<3 { await reloader.reloadChanged() }
      #expect(control.generation == first && control.caller("0123456789abcdef") == "a")
      #expect(log.messages == ["error not reloaded, the old one stays in use: tokens"])

      try FileManager.default.removeItem(atPath: path)
      for _ in 0..<3 { await reloader.reloadChanged() }
      #expect(control.caller("0123456789abcdef") == "a")
      #expect(log.messages.count == 2)

      try replace(path, "- {name: again, token: 0123456789abcdef, roles: [read]}")
      await reloader.reloadChanged()
      #expect(control.caller("0123456789abcdef") == "again")
    }
  }

  @Test func `a reload that is asked for reads the file, changed or not`() async throws {
    try await withTokens("- {name: a, token: 0123456789abcdef, roles: [read]}") { path, log in
      let control = try AccessControl(path: path, namespaces: { [""] }, logger: log.logger)
      let first = control.generation
      try control.reload()
      #expect(control.generation == first + 1)
      #expect(control.caller("0123456789abcdef") == "a")
    }
  }

  @Test func `a file that everybody can read is warned of`() async throws {
    try await withTokens("- {name: a, token: 0123456789abcdef, roles: [read]}") { path, log in
      #expect(chmod(path, 0o644) == 0)
      _ = try AccessControl(path: path, namespaces: { [""] }, logger: log.logger)
      #expect(
        log.messages == [
          "warning \(path) can be read by every user of this machine."
            + " Take that from them: chmod o-r \(path)"
        ])
    }
  }
}

extension AccessControl {
  /// The name of the caller with this token.
  fileprivate func caller(_ token: String) -> String? {
    self.callers.table.caller(token: Array(token.utf8).span.bytes)?.name
  }
}

/// A file of tokens that only its owner can read, and a log, while `body` runs.
private func withTokens(
  _ yaml: String, _ body: (String, RecordedLog) async throws -> Void
) async throws {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("larder-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  let path = folder.appendingPathComponent("tokens.yaml").path
  defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
  try replace(path, yaml)
  try await body(path, RecordedLog())
}

/// Puts another file in the place of one, as configuration management does.
private func replace(_ path: String, _ yaml: String) throws {
  try Data(yaml.utf8).write(to: URL(fileURLWithPath: path + ".new"))
  #expect(chmod(path + ".new", 0o600) == 0)
  #expect(rename(path + ".new", path) == 0)
}

/// Keeps the level and the message of each record.
private final class RecordedLog: LogHandler, Sendable {
  private let list = Mutex<[String]>([])

  var messages: [String] { self.list.withLock { $0 } }
  var logger: Logger { Logger(label: "test") { _ in self } }

  func log(event: LogEvent) {
    self.list.withLock { $0.append("\(event.level) \(event.message)") }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }
}
