import ArgumentParser
import LarderAPI
import NIOCore
import Wire

/// `larder set KEY [VALUE]`: stores an entry.
struct SetCommand: ClientCommand {
  static let name = "set"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Store a value under a key.",
    discussion: """
      The value is the argument, the content of --file, or standard input where VALUE is - or \
      left out. Prints the version of the entry. If a condition does not hold nothing is stored, \
      standard error says why, and the exit status is 1.
      """)

  @Argument(help: "The key.")
  var key: String

  @Argument(help: "The value; -: standard input.")
  var value: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Store the content of this file.", valueName: "file"))
  var file: String?

  @Option(help: ArgumentHelp("A number to keep beside the value.", valueName: "number"))
  var flags: UInt32 = 0

  @OptionGroup(title: "Expiry") var expiry: ExpiryOptions
  @OptionGroup(title: "Condition") var condition: ConditionOptions
  @OptionGroup var namespace: NamespaceOptions
  @OptionGroup var target: TargetOptions

  func validate() throws {
    guard self.value == nil || self.file == nil else {
      throw ValidationError("VALUE and --file exclude each other.")
    }
  }

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let response = try await self.store(try self.readValue(), with: node)
    guard response.isStored else {
      throw CommandFailure(
        Self.refusal(condition: self.condition.condition, version: response.version),
        exit: ExitStatus.notMet)
    }
    try StandardStreams.writeLine("stored, version \(response.version)")
  }

  /// Why nothing was stored.
  ///
  /// - Parameter version: of the entry as it is; 0: there is none.
  static func refusal(condition: Condition, version: UInt64) -> String {
    switch condition {
    case .ifPresent: "not stored: there is no entry under the key"
    case .ifVersion(let wanted) where version == 0:
      "not stored: there is no entry under the key, so none has version \(wanted)"
    case .ifVersion(let wanted): "not stored: the entry has version \(version), not \(wanted)"
    case .ifAbsent, .always: "not stored: there is an entry under the key, with version \(version)"
    }
  }

  private func readValue() throws(CommandFailure) -> [UInt8] {
    if let file = self.file { return try StandardStreams.read(path: file) }
    if let value = self.value, value != "-" { return Array(value.utf8) }
    // Somebody who forgot the value at a terminal would wait for an answer that never comes.
    guard self.value == "-" || !StandardStreams.isInputTerminal else {
      throw CommandFailure(
        "there is no value: give it as an argument, with --file, or on standard input",
        exit: .validationFailure)
    }
    return try StandardStreams.read(path: nil)
  }

  private func store(
    _ value: [UInt8], with node: NodeClient
  ) async throws(CommandFailure) -> SetResponse {
    let request = SetRequest(
      key: self.key.utf8Span.span.bytes, value: value.span.bytes,
      namespace: self.namespace.namespace.utf8Span.span.bytes, expiry: self.expiry.expiry,
      flags: self.flags, condition: self.condition.condition
    ).serialized()
    let answer = try await node.call(CacheMethod.set.path, request)
    return try NodeClient.decode { () throws(WireError) in
      try SetResponse(decoding: answer.readableBytesSpan)
    }
  }
}
