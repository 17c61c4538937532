import LarderAPI
import Node

/// Namespaces as people read them.
enum NamespaceReport {
  /// Everything about one.
  static func text(_ namespace: NamespaceDescription) -> String {
    let (settings, status) = (namespace.settings, namespace.status)
    var table = TextTable([.left, .left])
    table.add(["namespace", Self.name(namespace)])
    table.add(["made", namespace.isMadeAtRunTime ? "at run time" : "by the configuration"])
    table.add(["default-ttl", Self.defaultTTL(settings)])
    table.add(["ttl-max", Self.duration(settings.ttlMaxMilliseconds ?? 0)])
    table.add(["value-max", DecimalText.size(settings.valueMaxBytes ?? 0)])
    table.add(["policy", Self.policy(settings)])
    table.add(["memory-share", "\(settings.memorySharePercent ?? 0)%"])
    table.add(["ttl-jitter", "\(settings.ttlJitterPercent ?? 0)%"])
    table.add(["rate-limit", Self.rate(settings)])
    table.add(["entries", DecimalText.grouped(status.entries)])
    table.add(["bytes", DecimalText.size(status.bytes)])
    let reads = status.hits.addingReportingOverflow(status.misses).partialValue
    table.add(["hit ratio", DecimalText.percent(status.hits, of: reads)])
    return table.text
  }

  /// A line for each.
  static func list(_ namespaces: [NamespaceDescription]) -> String {
    var table = TextTable([.left, .right, .right, .right, .left, .right, .left])
    table.add([
      "namespace", "entries", "bytes", "default-ttl", "policy", "memory-share", "rate-limit",
    ])
    for namespace in namespaces {
      table.add([
        Self.name(namespace), DecimalText.grouped(namespace.status.entries),
        DecimalText.size(namespace.status.bytes), Self.defaultTTL(namespace.settings),
        Self.policy(namespace.settings), "\(namespace.settings.memorySharePercent ?? 0)%",
        Self.rate(namespace.settings),
      ])
    }
    return table.text
  }

  private static func name(_ namespace: NamespaceDescription) -> String {
    namespace.name.isEmpty ? "(default)" : namespace.name
  }

  private static func defaultTTL(_ settings: NamespaceSettings) -> String {
    guard case .after(let milliseconds) = settings.defaultExpiry else { return "none" }
    return Self.duration(milliseconds)
  }

  private static func policy(_ settings: NamespaceSettings) -> String {
    let policy = settings.policy ?? ""
    return policy.isEmpty ? "node" : policy
  }

  private static func rate(_ settings: NamespaceSettings) -> String {
    let rate = settings.rateLimitPerSecond ?? 0
    return rate == 0 ? "none" : "\(DecimalText.grouped(rate)) a second"
  }

  private static func duration(_ milliseconds: UInt64) -> String {
    DurationText.text(milliseconds: Int64(clamping: milliseconds))
  }
}
