import ArgumentParser
import LarderAPI
import NIOCore
import Wire

/// `larder delete KEY...`: removes entries.
struct DeleteCommand: ClientCommand {
  static let name = "delete"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Remove the entries under one or more keys.",
    discussion: """
      Several keys go to the node in one call. The exit status is 1 if there was no entry under \
      one of them; the others are removed all the same.
      """)

  @Argument(help: "The keys.")
  var keys: [String]

  @Option(
    help: ArgumentHelp("Remove only this version; for one key.", valueName: "version"))
  var ifVersion: UInt64?

  @OptionGroup var namespace: NamespaceOptions
  @OptionGroup var target: TargetOptions

  func validate() throws {
    guard !self.keys.isEmpty else { throw ValidationError("Give at least one key.") }
    guard self.ifVersion == nil || self.keys.count == 1 else {
      throw ValidationError("--if-version is for one key.")
    }
    guard self.ifVersion != 0 else {
      throw ValidationError("No entry has version 0.")
    }
  }

  func perform(with node: NodeClient) async throws(CommandFailure) {
    if self.keys.count == 1 {
      try await self.deleteOne(self.keys[0], with: node)
    } else {
      try await self.deleteMany(with: node)
    }
  }

  private func deleteOne(_ key: String, with node: NodeClient) async throws(CommandFailure) {
    let request = DeleteRequest(
      key: key.utf8Span.span.bytes, namespace: self.namespace.namespace.utf8Span.span.bytes,
      ifVersion: self.ifVersion ?? 0
    ).serialized()
    let answer = try await node.call(CacheMethod.delete.path, request)
    let response = try NodeClient.decode { () throws(WireError) in
      try DeleteResponse(decoding: answer.readableBytesSpan)
    }
    if let refusal = Self.refusal(key: key, response, ifVersion: self.ifVersion) {
      throw CommandFailure(refusal, exit: ExitStatus.notMet)
    }
    try StandardStreams.writeLine("deleted")
  }

  private func deleteMany(with node: NodeClient) async throws(CommandFailure) {
    let answer = try await node.call(
      CacheMethod.deleteMany.path,
      Self.request(keys: self.keys, namespace: self.namespace.namespace))
    let (deleted, failures) = try Self.outcomes(of: self.keys, in: answer)
    try StandardStreams.writeLine("deleted \(deleted) of \(self.keys.count)")
    guard !failures.isEmpty else { return }
    // One line for each key, and the gravest of the statuses.
    let isRefused = failures.contains { $0.exit != ExitStatus.notMet }
    throw CommandFailure(
      failures.map(\.message).joined(separator: "\nlarder \(Self.name): "),
      exit: isRefused ? ExitStatus.refused : ExitStatus.notMet)
  }

  /// Why an entry was not deleted; nil: it was.
  static func refusal(key: String, _ response: DeleteResponse, ifVersion: UInt64?) -> String? {
    if response.isDeleted { return nil }
    guard let wanted = ifVersion, response.version != 0 else { return "no entry under \"\(key)\"" }
    return "not deleted: the entry has version \(response.version), not \(wanted)"
  }

  /// A DeleteMany of these keys.
  static func request(keys: [String], namespace: String) -> [UInt8] {
    KeysMessage(keys: keys, namespace: namespace).serialized()
  }

  /// What the node says about each key.
  static func outcomes(
    of keys: [String], in answer: ByteBuffer
  ) throws(CommandFailure) -> (deleted: Int, failures: [CommandFailure]) {
    var failures: [CommandFailure] = []
    let answered = try NodeClient.decode { () throws(WireError) -> Int in
      let response = try DeleteManyResponse(decoding: answer.readableBytesSpan)
      var results = response.results.makeIterator()
      for key in keys {
        guard let result = results.next() else { break }
        if let failure = Self.failure(key: key, result) { failures.append(failure) }
      }
      return response.results.count
    }
    guard answered == keys.count else { throw NodeClient.unknownAnswer }
    return (keys.count - failures.count, failures)
  }

  /// Why this one of several keys was not deleted; nil: it was.
  private static func failure(key: String, _ result: DeleteResult) -> CommandFailure? {
    switch result {
    case .ok(let response):
      Self.refusal(key: key, response, ifVersion: nil)
        .map { CommandFailure($0, exit: ExitStatus.notMet) }
    case .error(let error):
      CommandFailure(
        "\"\(key)\": \(String(copyingUTF8: error.message)) (\(String(copyingUTF8: error.reason)))",
        exit: ExitStatus.refused)
    case .unset: NodeClient.unknownAnswer
    }
  }
}

/// The fields of `DeleteManyRequest`, written a key at a time.
private struct KeysMessage: WireMessage {
  let keys: [String]
  let namespace: String

  @_lifetime(sink: copy sink)
  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    for key in self.keys {
      DeleteManyRequest.encode(key: key.utf8Span.span.bytes, into: &sink)
    }
    DeleteManyRequest.encode(namespace: self.namespace.utf8Span.span.bytes, into: &sink)
  }
}
