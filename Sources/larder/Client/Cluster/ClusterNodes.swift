import LarderAPI
import Node

/// The nodes of a cluster, as a command calls them.
struct ClusterNodes: Sendable {
  /// One of them.
  struct Member: Sendable {
    let status: MemberStatus
    let client: NodeClient

    var id: String { self.status.id }
  }

  /// What one of them answered.
  struct Answered<Answer: Sendable>: Sendable {
    let id: String
    let result: Result<Answer, CommandFailure>
  }

  /// In the order of their ids.
  let members: [Member]

  /// Those that the node knows. One that is in no cluster is alone here, and says so when it is asked.
  init(knownTo node: NodeClient) async throws(CommandFailure) {
    let status = try await node.status()
    guard let cluster = status.cluster, !cluster.name.isEmpty else {
      var alone = MemberStatus()
      alone.id = status.nodeID
      self.members = [Member(status: alone, client: node)]
      return
    }
    var members: [Member] = []
    for member in cluster.members {
      // The one that was asked may be reached by another address than others reach it by.
      let client = member.isSelf ? node : node.other(at: try Self.address(of: member))
      members.append(Member(status: member, client: client))
    }
    self.members = members.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
  }

  private static func address(of member: MemberStatus) throws(CommandFailure) -> HostPort {
    do throws(HostPortError) {
      return try HostPort(parsing: member.address)
    } catch {
      throw CommandFailure(
        "the address of \(member.id) is none: \(member.address)", exit: ExitStatus.refused)
    }
  }

  /// The node of this id, or else of this address.
  func member(_ name: String) throws(CommandFailure) -> Member {
    guard
      let member = self.members.first(where: { $0.id == name })
        ?? self.members.first(where: { $0.status.address == name })
    else {
      let known = self.members.map(\.id).joined(separator: ", ")
      throw CommandFailure(
        "there is no node \(name) in the cluster: it has \(known)", exit: ExitStatus.refused)
    }
    return member
  }
}

extension [ClusterNodes.Member] {
  /// Asks all of them at once.
  ///
  /// - Returns: in their order, what each has answered.
  func ask<Answer: Sendable>(
    _ question: @escaping @Sendable (NodeClient) async throws(CommandFailure) -> Answer
  ) async -> [ClusterNodes.Answered<Answer>] {
    await withTaskGroup(of: (Int, ClusterNodes.Answered<Answer>).self) { group in
      for (index, member) in self.enumerated() {
        group.addTask {
          do throws(CommandFailure) {
            let answer = try await question(member.client)
            return (index, ClusterNodes.Answered(id: member.id, result: .success(answer)))
          } catch {
            return (index, ClusterNodes.Answered(id: member.id, result: .failure(error)))
          }
        }
      }
      var answers: [(Int, ClusterNodes.Answered<Answer>)] = []
      for await answer in group { answers.append(answer) }
      return answers.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}

extension ClusterNodes {
  /// The failure of those that did not answer as they should, those that say the same in one line; nil: all
  /// did.
  static func failure<Answer: Sendable>(of answers: [Answered<Answer>]) -> CommandFailure? {
    var failures: [(ids: [String], failure: CommandFailure)] = []
    for answer in answers {
      guard case .failure(let failure) = answer.result else { continue }
      if let same = failures.firstIndex(where: { $0.failure.message == failure.message }) {
        failures[same].ids.append(answer.id)
      } else {
        failures.append(([answer.id], failure))
      }
    }
    guard let first = failures.first else { return nil }
    return CommandFailure(
      failures.map { "\($0.ids.joined(separator: ", ")): \($0.failure.message)" }
        .joined(separator: "\n"), exit: first.failure.exit)
  }
}
