import ArgumentParser
import LarderAPI
import NIOCore
import Node
import Wire

/// `larder namespace ...`: what an operator does with namespaces while a node runs.
struct NamespaceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "namespace",
    abstract: "Make, change, show and empty namespaces of a node.",
    discussion: """
      For the node that is asked, not for others of its cluster. A namespace that is made here is gone \
      after a restart unless the node restores a snapshot, and what is changed here of one of the \
      node's configuration is as configured again: put what is to stay into the configuration.
      """,
    subcommands: [
      NamespaceCreateCommand.self, NamespaceAlterCommand.self, NamespaceDescribeCommand.self,
      NamespaceListCommand.self, NamespaceFlushCommand.self,
    ])
}

/// `larder namespace create NAME`
struct NamespaceCreateCommand: ClientCommand {
  static let name = "namespace create"
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a namespace.",
    discussion: "What is not said is as the node has it.")

  @Argument(help: "1 to 128 characters of A-Z a-z 0-9 . _ -")
  var name: String

  @OptionGroup(title: "Settings") var settings: NamespaceSettingOptions
  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let request = CreateNamespaceRequest(name: self.name, settings: self.settings.settings)
    try await node.change(AdminMethod.createNamespace, request)
  }
}

/// `larder namespace alter NAME`
struct NamespaceAlterCommand: ClientCommand {
  static let name = "namespace alter"
  /// Entries go over to another policy meanwhile.
  static let timeoutMilliseconds: Int64 = 600_000
  static let configuration = CommandConfiguration(
    commandName: "alter", abstract: "Change settings of a namespace.",
    discussion: """
      What is not said stays. With another policy the entries go over to it, and the command waits \
      for that, ten minutes unless --timeout says otherwise.
      """)

  @Argument(help: "The namespace; \"\" is the default one.")
  var name: String

  @OptionGroup(title: "Settings") var settings: NamespaceSettingOptions
  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let request = AlterNamespaceRequest(name: self.name, settings: self.settings.settings)
    try await node.change(AdminMethod.alterNamespace, request)
  }
}

/// `larder namespace describe NAME`
struct NamespaceDescribeCommand: ClientCommand {
  static let name = "namespace describe"
  static let configuration = CommandConfiguration(
    commandName: "describe", abstract: "Show the settings of a namespace, and what is in it.")

  @Argument(help: "The namespace; \"\" is the default one.")
  var name: String

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    for namespace in try await node.namespaces([self.name]) {
      try StandardStreams.writeOutput(Array(NamespaceReport.text(namespace).utf8))
    }
  }
}

/// `larder namespace list`
struct NamespaceListCommand: ClientCommand {
  static let name = "namespace list"
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show all namespaces, a line each.")

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let namespaces = try await node.namespaces([])
    try StandardStreams.writeOutput(Array(NamespaceReport.list(namespaces).utf8))
  }
}

/// `larder namespace flush NAME`
struct NamespaceFlushCommand: ClientCommand {
  static let name = "namespace flush"
  static let configuration = CommandConfiguration(
    commandName: "flush", abstract: "Empty a namespace, at once.",
    discussion: """
      All that is in it is a miss when the command ends, however much it is. What is written \
      meanwhile and later stays.
      """)

  @Argument(help: "The namespace; \"\" is the default one.")
  var name: String

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let answer = try await node.call(
      AdminMethod.flushNamespace.path, FlushNamespaceRequest(name: self.name).serialized())
    let response = try NodeClient.decode { () throws(WireError) in
      try FlushNamespaceResponse(decoding: answer.readableBytesSpan)
    }
    try StandardStreams.writeLine("flushed \(response.entries) entries")
  }
}

extension NodeClient {
  /// Asks what the node has of these namespaces; of all, where there are none.
  fileprivate func namespaces(_ names: [String]) async throws(CommandFailure)
    -> [NamespaceDescription]
  {
    let answer = try await self.call(
      AdminMethod.describeNamespaces.path, DescribeNamespacesRequest(names: names).serialized())
    return try NodeClient.decode { () throws(WireError) in
      try DescribeNamespacesResponse(decoding: answer.readableBytesSpan)
    }.namespaces
  }

  /// Makes or changes one, and shows what it is now.
  fileprivate func change(
    _ method: AdminMethod, _ request: NamespaceChange
  ) async throws(CommandFailure) {
    let answer = try await self.call(method.path, request.serialized())
    let namespace = try NodeClient.decode { () throws(WireError) in
      try NamespaceDescription(decoding: answer.readableBytesSpan)
    }
    try StandardStreams.writeOutput(Array(NamespaceReport.text(namespace).utf8))
  }
}
