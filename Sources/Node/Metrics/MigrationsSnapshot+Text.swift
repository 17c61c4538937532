internal import Cluster

extension MigrationsSnapshot {
  /// What went from node to node because its owner has changed.
  func write(_ page: inout PrometheusText) {
    let families: [(String, String, any KeyPath<HandoverCounts.Traffic, Int> & Sendable)] = [
      ("bytes", "Bytes of batches of migrations", \.bytes),
      ("items", "Entries and remembered deletes in batches of migrations", \.items),
      ("batches", "Batches of migrations", \.batches),
    ]
    for (name, what, value) in families {
      page.begin("larder_handover_\(name)_total", .counter, "\(what), by direction.")
      page.sample(self.counts.sent[keyPath: value], [("direction", "outbound")])
      page.sample(self.counts.received[keyPath: value], [("direction", "inbound")])
    }
    page.begin(
      "larder_handover_items_dropped_total", .counter,
      "Items of migrations that this node did not take, by reason.")
    page.sample(self.counts.unknownNamespaceItems, [("reason", "unknown_namespace")])
    page.sample(self.counts.refusedItems, [("reason", "refused")])
    page.begin(
      "larder_handover_seals_total", .counter,
      "Orders of other nodes to give up hashes, by how they ended.")
    page.sample(self.counts.seals, [("result", "ok")])
    page.sample(self.counts.sealsRefused, [("result", "refused")])
    page.single(
      "larder_handover_served_fetches_total", .counter,
      "Calls of other nodes for what this one held before.", self.counts.fetches)
    page.single(
      "larder_handover_served_keys_total", .counter, "Keys in these calls.",
      self.counts.fetchedKeys)
    page.begin(
      "larder_handover_migrations", .gauge, "Migrations under way, by direction.")
    for direction in MigrationDirection.allCases {
      page.sample(
        self.migrations.count { $0.direction == direction }, [("direction", direction.rawValue)])
    }
    page.single(
      "larder_handover_rate_bytes", .gauge,
      "Bytes a second that this node may send in migrations; 0: any number.",
      self.bytesPerSecond)
  }
}
