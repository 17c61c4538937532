import Cluster
import Testing

@testable import Node

@Suite struct HandoverMetricsTests {
  @Test func `the samples of a node that has handed nothing over, to the letter`() {
    var page = PrometheusText()
    MigrationRegister(bytesPerSecond: 5).snapshot().write(&page)
    let samples = page.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      samples == [
        "larder_handover_bytes_total{direction=\"outbound\"} 0",
        "larder_handover_bytes_total{direction=\"inbound\"} 0",
        "larder_handover_items_total{direction=\"outbound\"} 0",
        "larder_handover_items_total{direction=\"inbound\"} 0",
        "larder_handover_batches_total{direction=\"outbound\"} 0",
        "larder_handover_batches_total{direction=\"inbound\"} 0",
        "larder_handover_items_dropped_total{reason=\"unknown_namespace\"} 0",
        "larder_handover_items_dropped_total{reason=\"refused\"} 0",
        "larder_handover_seals_total{result=\"ok\"} 0",
        "larder_handover_seals_total{result=\"refused\"} 0",
        "larder_handover_served_fetches_total 0", "larder_handover_served_keys_total 0",
        "larder_handover_migrations{direction=\"outbound\"} 0",
        "larder_handover_migrations{direction=\"inbound\"} 0", "larder_handover_rate_bytes 5",
      ])
  }
}
