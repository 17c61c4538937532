import ArgumentParser
import LarderAPI
import NIOCore
import Wire

/// `larder incr KEY`: counts.
struct IncrementCommand: ClientCommand {
  static let name = "incr"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Add to the number under a key.",
    discussion: """
      Prints the number after the addition, which is atomic. An entry that is not there is taken \
      to be --initial; --ttl and --no-expiry count only for the entry that is created then.
      """)

  @Argument(help: "The key.")
  var key: String

  @Option(help: ArgumentHelp("What to add; may be negative: --by=-1.", valueName: "number"))
  var by: Int64 = 1

  @Option(help: ArgumentHelp("What an absent entry counts as.", valueName: "number"))
  var initial: Int64 = 0

  @OptionGroup(title: "Expiry") var expiry: ExpiryOptions
  @OptionGroup var namespace: NamespaceOptions
  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let request = IncrementRequest(
      key: self.key.utf8Span.span.bytes, delta: self.by,
      namespace: self.namespace.namespace.utf8Span.span.bytes, initial: self.initial,
      expiry: self.expiry.expiry
    ).serialized()
    let answer = try await node.call(CacheMethod.increment.path, request)
    let response = try NodeClient.decode { () throws(WireError) in
      try IncrementResponse(decoding: answer.readableBytesSpan)
    }
    try StandardStreams.writeLine("\(response.value)")
  }
}
