import ArgumentParser
import Foundation
import LarderAPI
import NIOCore
import Wire

/// `larder get KEY`: the value of an entry, byte for byte.
struct GetCommand: ClientCommand {
  static let name = "get"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Print the value under a key.",
    discussion: """
      The value's bytes go to standard output as they are; only a terminal gets a newline after \
      a value that does not end in one. A miss prints nothing there and exits with status 1.

      --json prints one object instead: key, value (value_base64 if it is not UTF-8), version, \
      ttl_ms (null: does not expire) and flags. The version is a string, for it is larger than \
      what many JSON readers hold exactly.
      """)

  @Argument(help: "The key.")
  var key: String

  @Flag(help: "Print the whole entry as JSON.")
  var json = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write the value to this file instead.", valueName: "file"))
  var output: String?

  @OptionGroup var namespace: NamespaceOptions
  @OptionGroup var target: TargetOptions

  func validate() throws {
    guard !self.json || self.output == nil else {
      throw ValidationError("--json and --output exclude each other.")
    }
  }

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let request = GetRequest(
      key: self.key.utf8Span.span.bytes, namespace: self.namespace.namespace.utf8Span.span.bytes
    ).serialized()
    let answer = try await node.call(CacheMethod.get.path, request)
    guard let (value, info) = try Self.entry(in: answer) else {
      throw CommandFailure("no entry under \"\(self.key)\"", exit: ExitStatus.notMet)
    }
    if info.isStale {
      try StandardStreams.note(
        Self.name, "this value may be out of date: the node that has it could not ask the others")
    }
    if self.json {
      try StandardStreams.writeLine(Self.json(key: self.key, value: value, info: info).description)
    } else if let output = self.output {
      try StandardStreams.write(value, path: output)
    } else {
      let wantsNewline = StandardStreams.isOutputTerminal && value.last != UInt8(ascii: "\n")
      try StandardStreams.writeOutput(wantsNewline ? value + [UInt8(ascii: "\n")] : value)
    }
  }

  /// What `--json` prints.
  static func json(key: String, value: [UInt8], info: HitInfo) -> JSONText {
    let member =
      String(validating: value, as: UTF8.self).map { ("value", JSONText.string($0)) }
      ?? ("value_base64", JSONText.string(Data(value).base64EncodedString()))
    let ttl: JSONText = info.ttlMilliseconds == 0 ? .null : .unsigned(info.ttlMilliseconds)
    return .object([
      ("key", .string(key)), member, ("version", .string(String(info.version))),
      ("ttl_ms", ttl), ("flags", .unsigned(UInt64(info.flags))),
    ])
  }

  /// The entry that a node answered with; nil: a miss.
  static func entry(
    in answer: ByteBuffer
  ) throws(CommandFailure) -> (value: [UInt8], info: HitInfo)? {
    var isUnknown = false
    let entry = try NodeClient.decode { () throws(WireError) -> ([UInt8], HitInfo)? in
      switch try GetResponse(decoding: answer.readableBytesSpan) {
      case .hit(let hit): return ([UInt8](copying: hit.value), hit.info)
      case .miss: return nil
      case .unset:
        isUnknown = true
        return nil
      }
    }
    guard !isUnknown else { throw NodeClient.unknownAnswer }
    return entry
  }
}
