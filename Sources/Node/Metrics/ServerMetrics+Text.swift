internal import GRPC

extension ServerMetrics {
  /// The calls, under OpenTelemetry's names for a gRPC server (gRFC A66) as Prometheus spells them.
  func writeCalls(_ page: inout PrometheusText) {
    page.begin(
      "grpc_server_call_started_total", .counter,
      "Calls begun. Methods that the server does not have are \"other\".")
    for method in self.methods { page.sample(method.started, [method.label]) }

    page.begin(
      "grpc_server_call_duration_seconds", .histogram,
      "From the head of the request until the answer was ready to send, of the calls that ended.")
    for method in self.methods {
      for (code, durations) in method.ended.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        page.histogram([method.label, ("grpc_status", "\(code)")], durations)
      }
    }

    page.begin(
      "larder_grpc_messages_total", .counter, "Messages received and sent, by method.")
    for method in self.methods {
      page.sample(method.messagesReceived, [method.label, ("direction", "received")])
      page.sample(method.messagesSent, [method.label, ("direction", "sent")])
    }
    page.begin(
      "larder_grpc_message_bytes_total", .counter,
      "Bytes of these messages as they travelled, without their prefixes.")
    for method in self.methods {
      page.sample(method.bytesReceived, [method.label, ("direction", "received")])
      page.sample(method.bytesSent, [method.label, ("direction", "sent")])
    }
  }
}

extension ServerMetrics {
  func writeHandshakes(_ page: inout PrometheusText) {
    page.begin(
      "larder_tls_handshakes_total", .counter,
      "TLS handshakes with clients. Connections that end before theirs, as probes of the port do, are"
        + " \"failed\".")
    page.sample(self.handshakes, [("result", "ok")])
    page.sample(self.handshakeFailures, [("result", "failed")])
  }
}

extension MethodMetrics {
  /// The path without its first slash, as OpenTelemetry has it.
  fileprivate var label: (name: String, value: String) {
    ("grpc_method", self.path.map { String($0.drop { $0 == "/" }) } ?? Self.other)
  }

  /// The method of calls that were refused on their head, in the metrics and the access log: what
  /// strangers send becomes no name in either.
  static let other = "other"
}

extension ConnectionMetrics {
  func write(_ page: inout PrometheusText) {
    page.single(
      "larder_connections", .gauge, "Connections of gRPC clients open now.", self.open)
    page.single(
      "larder_connections_accepted_total", .counter, "Connections taken.", self.accepted)
    page.single(
      "larder_connections_refused_total", .counter,
      "Connections closed at once, for there were too many.", self.refused)
    page.single("larder_streams", .gauge, "HTTP/2 streams open now.", self.streamsOpen)
    let families: [(String, String, received: Int, sent: Int)] = [
      (
        "larder_network_bytes_total", "Bytes of the connections, HTTP/2 framing included.",
        self.bytesReceived, self.bytesSent
      ),
      (
        "larder_http2_resets_total", "RST_STREAM frames.", self.frames.resetsReceived,
        self.frames.resetsSent
      ),
      (
        "larder_http2_goaways_total", "GOAWAY frames.", self.frames.goAwaysReceived,
        self.frames.goAwaysSent
      ),
      (
        "larder_http2_pings_total", "PING frames, without acknowledgements.",
        self.frames.pingsReceived, self.frames.pingsSent
      ),
    ]
    for (name, help, received, sent) in families {
      page.begin(name, .counter, help)
      page.sample(received, [("direction", "received")])
      page.sample(sent, [("direction", "sent")])
    }
  }
}

extension PrometheusText {
  fileprivate mutating func histogram(_ labels: Labels, _ durations: DurationHistogram) {
    var cumulative = 0
    for (bucket, bound) in DurationHistogram.boundsNanoseconds.enumerated() {
      cumulative += durations.counts[bucket]
      let bound = Self.seconds(nanoseconds: bound)
      self.sample(cumulative, labels + [("le", bound)], suffix: "_bucket")
    }
    self.sample(durations.count, labels + [("le", "+Inf")], suffix: "_bucket")
    self.sample(
      Self.seconds(nanoseconds: durations.sumNanoseconds), labels, suffix: "_sum")
    self.sample(durations.count, labels, suffix: "_count")
  }
}
