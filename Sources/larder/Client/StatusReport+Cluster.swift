import LarderAPI

/// What `larder status` shows of the other nodes.
extension ClusterStatus {
  /// A line for each node, then one for each kind of call that was forwarded.
  var text: String {
    let members = self.table.text
    let errors = self.members.filter { !$0.lastError.isEmpty }
      .map { "\($0.id): \($0.lastError)\n" }.joined()
    return self.heading + "\n\n" + members
      + (errors.isEmpty ? "" : "\n" + errors)
      + (self.forwards.isEmpty ? "" : "\n" + self.forwardTable.text)
  }

  /// Where the nodes are a fixed list, there is not much to be said of them together.
  private var heading: String {
    guard !self.name.isEmpty else { return "ring, epoch \(self.epoch)" }
    let left = DecimalText.fixed(Double(self.leaseLeftMilliseconds) / 1_000, places: 1)
    let lease = self.leaseLeftMilliseconds == 0 ? "no lease" : "lease \(self.lease) for \(left) s"
    let failures = DecimalText.grouped(self.etcdFailures)
    let epoch = self.epoch.isEmpty ? "" : "epoch \(self.epoch), "
    let drain = self.drain.map { ", \($0.words)" } ?? ""
    let meaning = self.meaning.map { "\n\(self.standing): \($0)" } ?? ""
    return "cluster \(self.name), \(epoch)\(self.standing)\(drain), \(lease)"
      + ", etcd failures \(failures)\(meaning)"
  }

  /// What a standing that is out of the ordinary means; nil: it is not, or a later version's.
  private var meaning: String? {
    switch self.standing {
    case "isolated":
      "refuses writes, and what it reads is marked stale, until it reaches etcd (check --etcd)"
    case "majority":
      "serves as ever, as nobody reaches etcd in more than half of the ring; nodes cannot join (check"
        + " --etcd)"
    case "joining": "refuses all calls until it is in its cluster; its log says what it waits for"
    default: nil
    }
  }

  /// The node is in no ring yet.
  var isJoining: Bool { self.standing == "joining" }

  /// Names and units as in Protos/larder/v1/admin.proto.
  var json: JSONText {
    .object([
      ("epoch", .string(self.epoch)), ("name", .string(self.name)),
      ("standing", .string(self.standing)), ("lease", .string(self.lease)),
      ("lease_left_ms", .unsigned(self.leaseLeftMilliseconds)),
      ("etcd_failures", .unsigned(self.etcdFailures)), ("drain", self.drain?.json ?? .null),
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
      ("last_error", .string(member.lastError)), ("suspicions", .unsigned(member.suspicions)),
      ("membership", .string(member.membership)),
      ("incarnation", .unsigned(member.incarnation)), ("version", .string(member.version)),
      ("capacity_bytes", .unsigned(member.capacityBytes)), ("lease", .string(member.lease)),
    ])
  }

  private var table: TextTable {
    // Only etcd knows of members that are not on the ring, and of processes that came before.
    let isInEtcd = !self.name.isEmpty
    let texts: [TextTable.Alignment] = isInEtcd ? [.left, .left, .left] : []
    var table = TextTable(
      [.left, .right] + texts + [.left]
        + Array(repeating: .right, count: isInEtcd ? 6 : 5))
    table.add(
      ["node", "share"] + (isInEtcd ? ["member", "version", "lease"] : [])
        + ["state", "connections", "calls", "waiting", "failures", "suspicions"]
        + (isInEtcd ? ["incarnation"] : []))
    for member in self.members {
      let share = DecimalText.percent(UInt64(member.shareMillionths), of: 1_000_000)
      // To itself a node has no connections.
      let numbers =
        member.isSelf
        ? ["", "", "", "", ""]
        : [
          String(member.connections), DecimalText.grouped(member.openCalls),
          DecimalText.grouped(member.waitingCalls), DecimalText.grouped(member.connectFailures),
          DecimalText.grouped(member.suspicions),
        ]
      let lease = member.lease.isEmpty ? "none" : member.lease
      table.add(
        [member.id, share] + (isInEtcd ? [member.membership, member.version, lease] : [])
          + [member.state] + numbers + (isInEtcd ? [String(member.incarnation)] : []))
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
