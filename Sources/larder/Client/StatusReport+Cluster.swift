import LarderAPI

/// What `larder status` shows of the other nodes.
extension ClusterStatus {
  /// A line for each node, then one for each kind of call that was forwarded.
  var text: String {
    let members = self.table.text
    let errors = self.members.filter { !$0.lastError.isEmpty }
      .map { "\($0.id): \($0.lastError)\n" }.joined()
    return "ring, epoch \(self.epoch)\n\n" + members
      + (errors.isEmpty ? "" : "\n" + errors)
      + (self.forwards.isEmpty ? "" : "\n" + self.forwardTable.text)
  }

  /// Names and units as in Protos/larder/v1/admin.proto.
  var json: JSONText {
    .object([
      ("epoch", .string(self.epoch)),
      ("members", .array(self.members.map(Self.json(of:)))),
      (
        "forwards",
        .array(
          self.forwards.map { forwards in
            .object([
              ("method", .string(forwards.method)), ("result", .string(forwards.result)),
              ("count", .unsigned(forwards.count)),
            ])
          })
      ),
    ])
  }

  private static func json(of member: MemberStatus) -> JSONText {
    .object([
      ("id", .string(member.id)), ("address", .string(member.address)),
      ("zone", .string(member.zone)), ("points", .unsigned(UInt64(member.points))),
      ("share_millionths", .unsigned(UInt64(member.shareMillionths))),
      ("is_self", .bool(member.isSelf)), ("state", .string(member.state)),
      ("connections", .unsigned(UInt64(member.connections))),
      ("open_calls", .unsigned(member.openCalls)),
      ("waiting_calls", .unsigned(member.waitingCalls)),
      ("connect_failures", .unsigned(member.connectFailures)),
      ("last_error", .string(member.lastError)),
    ])
  }

  private var table: TextTable {
    var table = TextTable([.left, .right, .left] + Array(repeating: .right, count: 4))
    table.add(["node", "share", "state", "connections", "calls", "waiting", "failures"])
    for member in self.members {
      let share = DecimalText.percent(UInt64(member.shareMillionths), of: 1_000_000)
      // To itself a node has no connections.
      let numbers =
        member.isSelf
        ? ["", "", "", ""]
        : [
          String(member.connections), DecimalText.grouped(member.openCalls),
          DecimalText.grouped(member.waitingCalls), DecimalText.grouped(member.connectFailures),
        ]
      table.add([member.id, share, member.state] + numbers)
    }
    return table
  }

  private var forwardTable: TextTable {
    var table = TextTable([.left, .left, .right])
    table.add(["forwarded", "result", "count"])
    for forwards in self.forwards {
      table.add([forwards.method, forwards.result, DecimalText.grouped(forwards.count)])
    }
    return table
  }
}
