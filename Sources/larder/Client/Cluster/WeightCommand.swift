import ArgumentParser
import LarderAPI

/// `larder cluster weight NODE WEIGHT`
struct WeightCommand: ClientCommand {
  static let name = "cluster weight"
  static let timeoutMilliseconds: Int64 = 30_000
  static let configuration = CommandConfiguration(
    commandName: "weight",
    abstract: "Give a node another part of the keys.",
    discussion: """
      The node changes its record in etcd; all others see it, and what changes owners is handed over. \
      larder cluster plan --weight shows beforehand what that is.

      It lasts until the node ends: when it starts again it has the weight of its configuration. Put \
      what is to stay there too.
      """)

  @Argument(help: "The node.")
  var node: String

  @Argument(help: "Relative to the weights of the other nodes: above 0, at most 64.")
  var weight: Double

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let member = try await ClusterNodes(knownTo: node).member(self.node)
    let response: SetWeightResponse = try await member.client.call(
      AdminMethod.setWeight, SetWeightRequest(weight: self.weight))
    let share = DecimalText.percent(UInt64(response.shareMillionths), of: 1_000_000)
    try StandardStreams.writeLine(
      "\(member.id): weight \(DecimalText.short(self.weight)), before"
        + " \(DecimalText.short(response.weightBefore)); owns \(share) of all keys by epoch"
        + " \(response.epoch)")
  }
}
