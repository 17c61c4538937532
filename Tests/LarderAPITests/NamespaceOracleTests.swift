import LarderAPI
import ProtobufOracle
import Testing
import Wire

@Suite struct NamespaceOracleTests {
  /// Any of the settings may be absent, and any may be 0.
  private func randomSettings(_ values: inout RandomValues) -> NamespaceSettings {
    var settings = NamespaceSettings()
    switch values.uint32() % 3 {
    case 0: settings.defaultExpiry = .after(milliseconds: values.uint64())
    case 1: settings.defaultExpiry = .never
    default: break
    }
    if values.uint32() % 2 == 0 { settings.ttlMaxMilliseconds = values.uint64() }
    if values.uint32() % 2 == 0 { settings.valueMaxBytes = values.uint64() }
    if values.uint32() % 2 == 0 { settings.policy = String(decoding: values.text(), as: UTF8.self) }
    if values.uint32() % 2 == 0 { settings.memorySharePercent = values.uint32() }
    if values.uint32() % 2 == 0 { settings.ttlJitterPercent = values.uint32() }
    if values.uint32() % 2 == 0 { settings.rateLimitPerSecond = values.uint64() }
    if values.uint32() % 2 == 0 { settings.rateLimitBurst = values.uint64() }
    return settings
  }

  private func equals(
    _ read: Larder__V1__NamespaceSettings, _ settings: NamespaceSettings
  ) -> Bool {
    let expiry: NamespaceSettings.DefaultExpiry? =
      switch read.default_expiry_case {
      case LARDER__V1__NAMESPACE_SETTINGS__DEFAULT_EXPIRY_DEFAULT_TTL_MS:
        .after(milliseconds: read.default_ttl_ms)
      case LARDER__V1__NAMESPACE_SETTINGS__DEFAULT_EXPIRY_NO_DEFAULT_TTL: .never
      default: nil
      }
    let hasPolicy = read.eviction_case == LARDER__V1__NAMESPACE_SETTINGS__EVICTION_POLICY
    return expiry == settings.defaultExpiry
      && (read.ttl_max_case.rawValue == 0 ? nil : read.ttl_max_ms) == settings.ttlMaxMilliseconds
      && (read.value_max_case.rawValue == 0 ? nil : read.value_max_bytes)
        == settings.valueMaxBytes
      && (hasPolicy ? text(read.policy) : nil) == settings.policy.map { Array($0.utf8) }
      && (read.memory_share_case.rawValue == 0 ? nil : read.memory_share_percent)
        == settings.memorySharePercent
      && (read.ttl_jitter_case.rawValue == 0 ? nil : read.ttl_jitter_percent)
        == settings.ttlJitterPercent
      && (read.rate_case.rawValue == 0 ? nil : read.rate_limit) == settings.rateLimitPerSecond
      && (read.burst_case.rawValue == 0 ? nil : read.rate_limit_burst) == settings.rateLimitBurst
  }

  @Test func `a change of a namespace agrees with protobuf-c, and each setting may be absent`()
    throws
  {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let change = NamespaceChange(
        name: String(decoding: values.text(), as: UTF8.self),
        settings: self.randomSettings(&values))
      let ours = change.serialized()
      let theirs = try oracle(
        ours, larder__v1__alter_namespace_request__unpack, values.comment
      ) {
        text($0.name) == Array(change.name.utf8)
          && ($0.settings.map { self.equals($0.pointee, change.settings) } ?? false)
      }
      #expect(theirs == ours, values.comment)
      #expect(try NamespaceChange(decoding: theirs.span.bytes) == change, values.comment)
      let created = try oracle(
        ours, larder__v1__create_namespace_request__unpack, values.comment
      ) { _ in true }
      #expect(created == ours, values.comment)
    }
  }

  @Test func `descriptions agree with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let response = DescribeNamespacesResponse(
        namespaces: values.list { values in
          var namespace = NamespaceDescription()
          namespace.name = String(decoding: values.text(), as: UTF8.self)
          namespace.settings = self.randomSettings(&values)
          namespace.isMadeAtRunTime = values.uint32() % 2 == 0
          namespace.status.entries = values.uint64()
          return namespace
        })
      let ours = response.serialized()
      let theirs = try oracle(
        ours, larder__v1__describe_namespaces_response__unpack, values.comment
      ) {
        let read = UnsafeBufferPointer(start: $0.namespaces, count: $0.n_namespaces)
        return read.count == response.namespaces.count
          && zip(read, response.namespaces).allSatisfy { found, expected in
            guard let found = found?.pointee else { return false }
            return text(found.name) == Array(expected.name.utf8)
              && (found.made_at_run_time != 0) == expected.isMadeAtRunTime
              && found.status.pointee.entries == expected.status.entries
              && self.equals(found.settings.pointee, expected.settings)
          }
      }
      #expect(theirs == ours, values.comment)
      #expect(
        try DescribeNamespacesResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `the small messages agree with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let names = values.list { String(decoding: $0.text(), as: UTF8.self) }
      let describe = DescribeNamespacesRequest(names: names)
      let theirs = try oracle(
        describe.serialized(), larder__v1__describe_namespaces_request__unpack, values.comment
      ) { $0.n_names == names.count }
      #expect(theirs == describe.serialized(), values.comment)
      #expect(try DescribeNamespacesRequest(decoding: theirs.span.bytes) == describe)

      let flush = FlushNamespaceRequest(name: String(decoding: values.text(), as: UTF8.self))
      let theirFlush = try oracle(
        flush.serialized(), larder__v1__flush_namespace_request__unpack, values.comment
      ) { text($0.name) == Array(flush.name.utf8) }
      #expect(theirFlush == flush.serialized(), values.comment)

      let flushed = FlushNamespaceResponse(version: values.uint64(), entries: values.uint64())
      let theirFlushed = try oracle(
        flushed.serialized(), larder__v1__flush_namespace_response__unpack, values.comment
      ) { $0.version == flushed.version && $0.entries == flushed.entries }
      #expect(theirFlushed == flushed.serialized(), values.comment)
      #expect(try FlushNamespaceResponse(decoding: theirFlushed.span.bytes) == flushed)
    }
  }
}
