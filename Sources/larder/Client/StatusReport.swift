import LarderAPI

/// A node's status as people and scripts read it.
struct StatusReport {
  let status: GetStatusResponse

  /// What the node is, then a line for each namespace, and for each node of its cluster.
  var text: String {
    self.overview.text + "\n" + self.namespaces.text
      + (self.status.cluster.map { "\n" + $0.text } ?? "")
  }

  /// Names and units as in Protos/larder/v1/admin.proto. All numbers are far below 2^53, so that
  /// every JSON reader holds them exactly.
  var json: JSONText {
    let status = self.status
    let members: [(name: String, value: JSONText)] = [
      ("node_id", .string(status.nodeID)), ("version", .string(status.version)),
      ("uptime_ms", .unsigned(status.uptimeMilliseconds)),
      ("process_id", .unsigned(UInt64(status.processID))),
      ("event_loops", .unsigned(UInt64(status.eventLoops))),
      ("cpu_time_us", .unsigned(status.cpuTimeMicroseconds)),
      ("resident_bytes", .unsigned(status.residentBytes)),
      ("memory_limit_bytes", .unsigned(status.memoryLimitBytes)),
      ("memory_used_bytes", .unsigned(status.memoryUsedBytes)),
      ("connections", .unsigned(status.connections)),
      ("namespaces", .array(status.namespaces.map(Self.json(of:)))),
    ]
    // Absent where the node stands alone, as in the message.
    return .object(members + (status.cluster.map { [("cluster", $0.json)] } ?? []))
  }

  private static func json(of namespace: NamespaceStatus) -> JSONText {
    .object([
      ("name", .string(namespace.name)), ("entries", .unsigned(namespace.entries)),
      ("bytes", .unsigned(namespace.bytes)), ("hits", .unsigned(namespace.hits)),
      ("misses", .unsigned(namespace.misses)), ("writes", .unsigned(namespace.writes)),
      ("deletes", .unsigned(namespace.deletes)), ("evictions", .unsigned(namespace.evictions)),
      ("expirations", .unsigned(namespace.expirations)),
    ])
  }

  private var overview: TextTable {
    let status = self.status
    var table = TextTable([.left, .left])
    table.add(["node", status.nodeID])
    table.add(["version", status.version])
    let uptime = DecimalText.uptime(milliseconds: status.uptimeMilliseconds)
    table.add(["process", "\(status.processID), up \(uptime)"])
    table.add(["event loops", String(status.eventLoops)])
    table.add(["cpu time", self.cpu])
    let used = DecimalText.size(status.memoryUsedBytes)
    let limit = DecimalText.size(status.memoryLimitBytes)
    let share = DecimalText.percent(status.memoryUsedBytes, of: status.memoryLimitBytes)
    table.add(["memory", "\(used) of \(limit) (\(share))"])
    table.add(["resident", DecimalText.size(status.residentBytes)])
    table.add(["connections", DecimalText.grouped(status.connections)])
    return table
  }

  /// 100 % is one core, all the time since the node started.
  private var cpu: String {
    let seconds = DecimalText.fixed(Double(self.status.cpuTimeMicroseconds) / 1_000_000, places: 1)
    let share = DecimalText.percent(
      self.status.cpuTimeMicroseconds / 1_000, of: self.status.uptimeMilliseconds)
    return "\(seconds) s (\(share) of one core)"
  }

  private var namespaces: TextTable {
    var table = TextTable([.left] + Array(repeating: .right, count: 7))
    table.add([
      "namespace", "entries", "bytes", "hit ratio", "writes", "deletes", "evictions", "expirations",
    ])
    for namespace in self.status.namespaces {
      let reads = namespace.hits.addingReportingOverflow(namespace.misses).partialValue
      table.add([
        namespace.name.isEmpty ? "(default)" : namespace.name,
        DecimalText.grouped(namespace.entries), DecimalText.size(namespace.bytes),
        DecimalText.percent(namespace.hits, of: reads), DecimalText.grouped(namespace.writes),
        DecimalText.grouped(namespace.deletes), DecimalText.grouped(namespace.evictions),
        DecimalText.grouped(namespace.expirations),
      ])
    }
    return table
  }
}
