internal import CacheStore
internal import Cluster
internal import GRPC

/// All that a node tells about itself, at one moment.
struct NodeMetrics {
  var version: String
  /// When the node was made, in nanoseconds since 1970.
  var startedNanoseconds: Int64
  var process = ProcessUsage()
  /// Records that could not be written.
  var logLinesLost: UInt64 = 0
  /// Names of the namespaces, in the order of the store's numbers.
  var namespaces: [String]
  var store: StoreStatistics
  var server: ServerMetrics
  var adminHits = AdminLimitHits()
  /// Nil: the node stands alone.
  var cluster: ForwardingSnapshot?
  /// Nil: the nodes are a fixed list, or the node does not listen yet.
  var membership: MembershipSnapshot?
  /// Nil: nothing is ever handed over.
  var handovers: MigrationsSnapshot?
  /// Nil: the node keeps no snapshots.
  var snapshots: SnapshotMetrics?

  /// The page `/metrics`.
  var text: String {
    var page = PrometheusText()
    self.writeProcess(&page)
    self.writeStore(&page)
    self.server.writeCalls(&page)
    self.server.connections.write(&page)
    self.server.writeHandshakes(&page)
    self.writeLimits(&page)
    self.cluster?.write(&page)
    self.membership?.write(&page)
    self.handovers?.write(&page)
    self.snapshots?.write(&page)
    return page.text
  }

  private func writeProcess(_ page: inout PrometheusText) {
    page.begin("larder_build_info", .gauge, "Always 1; the version is in the label.")
    page.sample(1, [("version", self.version)])
    page.begin(
      "process_start_time_seconds", .gauge, "When the node started, in seconds since 1970.")
    page.sample(PrometheusText.seconds(nanoseconds: self.startedNanoseconds))
    page.begin("process_cpu_seconds_total", .counter, "User and system time of the process.")
    page.sample(PrometheusText.seconds(nanoseconds: self.process.cpuNanoseconds))
    page.single(
      "process_resident_memory_bytes", .gauge, "Resident memory of the process.",
      Int(self.process.residentBytes))
    page.single(
      "larder_log_lines_lost_total", .counter, "Log records that could not be written.",
      Int(self.logLinesLost))
  }

  private func writeStore(_ page: inout PrometheusText) {
    page.single(
      "larder_memory_limit_bytes", .gauge, "The byte budget of the store.",
      self.store.memoryLimitBytes)
    page.single(
      "larder_memory_used_bytes", .gauge, "What of the budget is used, all overhead included.",
      self.store.memoryUsedBytes)
    page.single(
      "larder_memory_index_bytes", .gauge, "Of that, what finds entries by their keys.",
      self.store.tableBytes)
    page.single(
      "larder_memory_policy_bytes", .gauge,
      "Of that, what the eviction policies remember beside the entries.", self.store.policyBytes)
    page.single(
      "larder_memory_pinned_bytes", .gauge,
      "Removed values that clients are still being sent.", self.store.pinnedBytes)
    page.single(
      "larder_tombstones", .gauge, "Deletes remembered for the sake of other nodes.",
      self.store.tombstones)
    let families:
      [(String, PrometheusText.Kind, String, any KeyPath<NamespaceStatistics, Int> & Sendable)] = [
        ("larder_entries", .gauge, "Entries held.", \.entries),
        ("larder_entry_bytes", .gauge, "What the entries take, overhead included.", \.bytes),
        ("larder_hits_total", .counter, "Reads that found an entry.", \.hits),
        ("larder_misses_total", .counter, "Reads that found none.", \.misses),
        ("larder_writes_total", .counter, "Entries stored.", \.writes),
        ("larder_deletes_total", .counter, "Entries removed by a call.", \.deletes),
        ("larder_evictions_total", .counter, "Entries removed to make room.", \.evictions),
        (
          "larder_expirations_total", .counter, "Entries removed because their time was up.",
          \.expirations
        ),
      ]
    for (name, kind, help, value) in families {
      page.begin(name, kind, "\(help) The default namespace has an empty name.")
      for (namespace, statistics) in zip(self.namespaces, self.store.namespaces) {
        page.sample(statistics[keyPath: value], [("namespace", namespace)])
      }
    }
  }

  private func writeLimits(_ page: inout PrometheusText) {
    page.begin(
      "larder_limit_hits_total", .counter,
      "How often a peer ran into a limit, by the name of its setting.")
    for limit in PeerLimit.allCases {
      page.sample(self.server.limitHits[limit] ?? 0, [("limit", limit.rawValue)])
    }
    for (setting, count) in self.adminHits.all {
      page.sample(count, [("limit", setting.name)])
    }
  }
}
