extension NodeMetricsTests {
  /// The page as Prometheus reads it; a line that is longer than 100 columns is one line there.
  static let golden = #"""
    # HELP larder_build_info Always 1; the version is in the label.
    # TYPE larder_build_info gauge
    larder_build_info{version="1.2.3"} 1
    # HELP process_start_time_seconds When the node started, in seconds since 1970.
    # TYPE process_start_time_seconds gauge
    process_start_time_seconds 1763700000
    # HELP process_cpu_seconds_total User and system time of the process.
    # TYPE process_cpu_seconds_total counter
    process_cpu_seconds_total 1.5
    # HELP process_resident_memory_bytes Resident memory of the process.
    # TYPE process_resident_memory_bytes gauge
    process_resident_memory_bytes 1048576
    # HELP larder_log_lines_lost_total Log records that could not be written.
    # TYPE larder_log_lines_lost_total counter
    larder_log_lines_lost_total 1
    # HELP larder_memory_limit_bytes The byte budget of the store.
    # TYPE larder_memory_limit_bytes gauge
    larder_memory_limit_bytes 1073741824
    # HELP larder_memory_used_bytes What of the budget is used, all overhead included.
    # TYPE larder_memory_used_bytes gauge
    larder_memory_used_bytes 4096
    # HELP larder_memory_index_bytes Of that, what finds entries by their keys.
    # TYPE larder_memory_index_bytes gauge
    larder_memory_index_bytes 512
    # HELP larder_memory_policy_bytes Of that, what the eviction policies remember beside the entries.
    # TYPE larder_memory_policy_bytes gauge
    larder_memory_policy_bytes 256
    # HELP larder_memory_pinned_bytes Removed values that clients are still being sent.
    # TYPE larder_memory_pinned_bytes gauge
    larder_memory_pinned_bytes 0
    # HELP larder_tombstones Deletes remembered for the sake of other nodes.
    # TYPE larder_tombstones gauge
    larder_tombstones 0
    # HELP larder_entries Entries held. The default namespace has an empty name.
    # TYPE larder_entries gauge
    larder_entries{namespace=""} 0
    larder_entries{namespace="a\"b"} 2
    # HELP larder_entry_bytes What the entries take, overhead included. The default namespace has an empty name.
    # TYPE larder_entry_bytes gauge
    larder_entry_bytes{namespace=""} 0
    larder_entry_bytes{namespace="a\"b"} 0
    # HELP larder_hits_total Reads that found an entry. The default namespace has an empty name.
    # TYPE larder_hits_total counter
    larder_hits_total{namespace=""} 7
    larder_hits_total{namespace="a\"b"} 0
    # HELP larder_misses_total Reads that found none. The default namespace has an empty name.
    # TYPE larder_misses_total counter
    larder_misses_total{namespace=""} 0
    larder_misses_total{namespace="a\"b"} 0
    # HELP larder_writes_total Entries stored. The default namespace has an empty name.
    # TYPE larder_writes_total counter
    larder_writes_total{namespace=""} 0
    larder_writes_total{namespace="a\"b"} 0
    # HELP larder_deletes_total Entries removed by a call. The default namespace has an empty name.
    # TYPE larder_deletes_total counter
    larder_deletes_total{namespace=""} 0
    larder_deletes_total{namespace="a\"b"} 0
    # HELP larder_evictions_total Entries removed to make room. The default namespace has an empty name.
    # TYPE larder_evictions_total counter
    larder_evictions_total{namespace=""} 0
    larder_evictions_total{namespace="a\"b"} 0
    # HELP larder_expirations_total Entries removed because their time was up. The default namespace has an empty name.
    # TYPE larder_expirations_total counter
    larder_expirations_total{namespace=""} 0
    larder_expirations_total{namespace="a\"b"} 0
    # HELP grpc_server_call_started_total Calls begun. Methods that the server does not have are "other".
    # TYPE grpc_server_call_started_total counter
    grpc_server_call_started_total{grpc_method="larder.v1.Cache/Get"} 4
    grpc_server_call_started_total{grpc_method="other"} 1
    # HELP grpc_server_call_duration_seconds From the head of the request until the answer was ready to send, of the calls that ended.
    # TYPE grpc_server_call_duration_seconds histogram
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.00005"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.0001"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.00025"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.0005"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.001"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.0025"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.005"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.01"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.025"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.05"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.1"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.25"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="0.5"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="1"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="2.5"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="10"} 2
    grpc_server_call_duration_seconds_bucket{grpc_method="larder.v1.Cache/Get",grpc_status="OK",le="+Inf"} 3
    grpc_server_call_duration_seconds_sum{grpc_method="larder.v1.Cache/Get",grpc_status="OK"} 60.00008
    grpc_server_call_duration_seconds_count{grpc_method="larder.v1.Cache/Get",grpc_status="OK"} 3
    # HELP larder_grpc_messages_total Messages received and sent, by method.
    # TYPE larder_grpc_messages_total counter
    larder_grpc_messages_total{grpc_method="larder.v1.Cache/Get",direction="received"} 0
    larder_grpc_messages_total{grpc_method="larder.v1.Cache/Get",direction="sent"} 0
    larder_grpc_messages_total{grpc_method="other",direction="received"} 0
    larder_grpc_messages_total{grpc_method="other",direction="sent"} 0
    # HELP larder_grpc_message_bytes_total Bytes of these messages as they travelled, without their prefixes.
    # TYPE larder_grpc_message_bytes_total counter
    larder_grpc_message_bytes_total{grpc_method="larder.v1.Cache/Get",direction="received"} 0
    larder_grpc_message_bytes_total{grpc_method="larder.v1.Cache/Get",direction="sent"} 0
    larder_grpc_message_bytes_total{grpc_method="other",direction="received"} 0
    larder_grpc_message_bytes_total{grpc_method="other",direction="sent"} 0
    # HELP larder_connections Connections of gRPC clients open now.
    # TYPE larder_connections gauge
    larder_connections 5
    # HELP larder_connections_accepted_total Connections taken.
    # TYPE larder_connections_accepted_total counter
    larder_connections_accepted_total 0
    # HELP larder_connections_refused_total Connections closed at once, for there were too many.
    # TYPE larder_connections_refused_total counter
    larder_connections_refused_total 0
    # HELP larder_streams HTTP/2 streams open now.
    # TYPE larder_streams gauge
    larder_streams 0
    # HELP larder_network_bytes_total Bytes of the connections, HTTP/2 framing included.
    # TYPE larder_network_bytes_total counter
    larder_network_bytes_total{direction="received"} 0
    larder_network_bytes_total{direction="sent"} 0
    # HELP larder_http2_resets_total RST_STREAM frames.
    # TYPE larder_http2_resets_total counter
    larder_http2_resets_total{direction="received"} 0
    larder_http2_resets_total{direction="sent"} 0
    # HELP larder_http2_goaways_total GOAWAY frames.
    # TYPE larder_http2_goaways_total counter
    larder_http2_goaways_total{direction="received"} 0
    larder_http2_goaways_total{direction="sent"} 0
    # HELP larder_http2_pings_total PING frames, without acknowledgements.
    # TYPE larder_http2_pings_total counter
    larder_http2_pings_total{direction="received"} 0
    larder_http2_pings_total{direction="sent"} 0
    # HELP larder_tls_handshakes_total TLS handshakes with clients. Connections that end before theirs, as probes of the port do, are "failed".
    # TYPE larder_tls_handshakes_total counter
    larder_tls_handshakes_total{result="ok"} 8
    larder_tls_handshakes_total{result="failed"} 2
    # HELP larder_limit_hits_total How often a peer ran into a limit, by the name of its setting.
    # TYPE larder_limit_hits_total counter
    larder_limit_hits_total{limit="connections-max"} 0
    larder_limit_hits_total{limit="connections-per-address-max"} 0
    larder_limit_hits_total{limit="streams-max"} 0
    larder_limit_hits_total{limit="handlers-max"} 0
    larder_limit_hits_total{limit="message-max"} 9
    larder_limit_hits_total{limit="header-list-max"} 0
    larder_limit_hits_total{limit="request-buffer-max"} 0
    larder_limit_hits_total{limit="answer-buffer-max"} 0
    larder_limit_hits_total{limit="buffers-max"} 0
    larder_limit_hits_total{limit="peer-calls-max"} 0
    larder_limit_hits_total{limit="clock-skew-max"} 0
    larder_limit_hits_total{limit="handover-calls-max"} 0
    larder_limit_hits_total{limit="handover-wait"} 0
    larder_limit_hits_total{limit="rate-limit-per-client"} 0
    larder_limit_hits_total{limit="rate-limit"} 0
    larder_limit_hits_total{limit="control-frames-per-second"} 0
    larder_limit_hits_total{limit="faults-per-second"} 0
    larder_limit_hits_total{limit="stream-resets-per-second"} 0
    larder_limit_hits_total{limit="ping-interval-min"} 0
    larder_limit_hits_total{limit="continuations-max"} 0
    larder_limit_hits_total{limit="settings-entries-max"} 0
    larder_limit_hits_total{limit="outbound-acks-max"} 0
    larder_limit_hits_total{limit="handshake-timeout"} 0
    larder_limit_hits_total{limit="preface-timeout"} 0
    larder_limit_hits_total{limit="header-timeout"} 0
    larder_limit_hits_total{limit="body-timeout"} 0
    larder_limit_hits_total{limit="write-timeout"} 0
    larder_limit_hits_total{limit="keepalive-timeout"} 0
    larder_limit_hits_total{limit="idle-timeout"} 0
    larder_limit_hits_total{limit="connection-age-max"} 0
    larder_limit_hits_total{limit="connection-age-grace"} 0
    larder_limit_hits_total{limit="admin-connections-max"} 0
    larder_limit_hits_total{limit="admin-request-max"} 2
    larder_limit_hits_total{limit="admin-timeout"} 3

    """#
}
