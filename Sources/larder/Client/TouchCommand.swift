import ArgumentParser
import LarderAPI
import NIOCore
import Wire

/// `larder touch KEY`: gives an entry another expiry.
struct TouchCommand: ClientCommand {
  static let name = "touch"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Set when the entry under a key expires.",
    discussion: """
      Without --ttl and --no-expiry the entry expires as if it had been written now. The value \
      and its version stay. If there is no entry the exit status is 1.
      """)

  @Argument(help: "The key.")
  var key: String

  @OptionGroup(title: "Expiry") var expiry: ExpiryOptions
  @OptionGroup var namespace: NamespaceOptions
  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let request = TouchRequest(
      key: self.key.utf8Span.span.bytes,
      namespace: self.namespace.namespace.utf8Span.span.bytes, expiry: self.expiry.expiry
    ).serialized()
    let answer = try await node.call(CacheMethod.touch.path, request)
    let response = try NodeClient.decode { () throws(WireError) in
      try TouchResponse(decoding: answer.readableBytesSpan)
    }
    guard response.isFound else {
      throw CommandFailure("no entry under \"\(self.key)\"", exit: ExitStatus.notMet)
    }
    try StandardStreams.writeLine("touched")
  }
}
