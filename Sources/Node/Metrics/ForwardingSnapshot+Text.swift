internal import Cluster
internal import LarderAPI

// What /metrics shows of the other nodes, and of what is forwarded to them.
extension ForwardingSnapshot {
  func write(_ page: inout PrometheusText) {
    page.begin(
      "larder_forwards_total", .counter,
      "Calls, and parts of batches, that other nodes were asked for, by how they ended.")
    for method in CacheMethod.allCases {
      for result in ForwardResult.allCases {
        let labels = [("method", method.name), ("result", result.rawValue)]
        page.sample(self.counts[method, result], labels)
      }
    }
    page.begin(
      "larder_merged_reads_total", .counter,
      "Reads that were answered by the forward of another read of the same key.")
    page.sample(self.mergedReads, [])
    self.writeHandover(&page)
    page.begin(
      "larder_shared_reads_total", .counter,
      "Reads that were sent to their owner with others, of other keys, in one call.")
    page.sample(self.sharedReads, [])
    page.begin(
      "larder_ring_share_ratio", .gauge, "The part of all keys that each node owns, 0 to 1.")
    for peer in self.peers {
      page.sample("\(Self.decimal(peer.share))", [("node", peer.member.id)])
    }
    let others = self.peers.filter { !$0.isOwn }
    page.begin(
      "larder_peer_connections", .gauge, "Connections to each other node that take calls.")
    for peer in others { page.sample(peer.links["ready"] ?? 0, [("node", peer.member.id)]) }
    page.begin(
      "larder_peer_calls", .gauge, "Calls to each other node under way, or waiting for it.")
    for peer in others {
      page.sample(peer.openCalls + peer.waitingCalls, [("node", peer.member.id)])
    }
    page.begin(
      "larder_peer_connect_failures_total", .counter,
      "Attempts to connect to each other node that have failed.")
    for peer in others { page.sample(peer.failures, [("node", peer.member.id)]) }
    page.begin(
      "larder_peer_suspected", .gauge,
      "Connections to each other node that is silent though it has calls to answer.")
    for peer in others { page.sample(peer.links["suspected"] ?? 0, [("node", peer.member.id)]) }
    page.begin(
      "larder_peer_suspicions_total", .counter, "How often each other node was suspected.")
    for peer in others { page.sample(peer.suspicions, [("node", peer.member.id)]) }
  }

  private func writeHandover(_ page: inout PrometheusText) {
    page.single(
      "larder_handover_waiting_calls", .gauge,
      "Calls that wait for keys which are on their way to this node.", self.arrivalCalls)
    page.single(
      "larder_handover_parked_calls_total", .counter,
      "Calls that have waited for another node to give up their keys.", self.handover.parked)
    page.begin(
      "larder_handover_fetches_total", .counter,
      "How often those that had keys before were asked for them, for a call, by how that ended.")
    page.sample(self.handover.fetchesOK, [("result", "ok")])
    page.sample(self.handover.fetchesFailed, [("result", "failed")])
    page.single(
      "larder_handover_merged_fetches_total", .counter,
      "Keys of calls that were on their way already, for another call.",
      self.handover.mergedFetches)
  }

  /// Six decimal places, without an exponent.
  private static func decimal(_ share: Double) -> String {
    let millionths = Int((share * 1_000_000).rounded())
    let digits = String(repeating: "0", count: max(0, 7 - "\(millionths)".count)) + "\(millionths)"
    return "\(digits.dropLast(6)).\(digits.suffix(6))"
  }
}
