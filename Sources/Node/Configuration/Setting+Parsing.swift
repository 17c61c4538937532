internal import CacheStore
internal import Etcd
internal import GRPC
internal import HashRing
internal import Logging

extension Setting {
  /// Reads `text` and puts its value into `configuration`, which stays as it was on a refusal.
  func assign(_ text: String, to configuration: inout NodeConfiguration) throws(SettingRefusal) {
    guard !text.isEmpty else { throw self.refusal("is empty") }
    switch self.kind {
    case .bytes(let path, let range):
      let bytes = try self.parse { () throws(UnitTextError) in try ByteCount(parsing: text).bytes }
      configuration[keyPath: path] = try self.check(bytes, in: range)
    case .count(let path, let range):
      guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
        throw self.refusal("is not a whole number")
      }
      guard let count = Int(text) else { throw self.refusal("is too large") }
      configuration[keyPath: path] = try self.check(count, in: range)
    case .milliseconds(let path, let range):
      let milliseconds = try self.parse { () throws(UnitTextError) in
        try DurationText.milliseconds(parsing: text)
      }
      configuration[keyPath: path] = try self.check(milliseconds, in: range)
    case .listen:
      configuration.listen = try self.address(text)
    case .advertise:
      let address = try self.address(text)
      guard !address.isWildcard else {
        throw self.refusal("is an address that nobody can call")
      }
      configuration.advertise = address
    case .admin:
      configuration.admin = text == "off" ? nil : try self.address(text)
    case .nodeID:
      try self.checkNodeID(text)
      configuration.nodeID = text
    case .configFile:
      configuration.configFile = text
    case .file(let path), .directory(let path):
      configuration[keyPath: path] = text
    case .toggle(let path):
      guard let isOn = Bool(text) else { throw self.refusal("is neither true nor false") }
      configuration[keyPath: path] = isOn
    case .tlsClientAuth:
      guard let mode = ClientAuthentication(rawValue: text) else {
        throw self.refusal("is no mode")
      }
      configuration.tls.clientAuthentication = mode
    case .tlsMinVersion:
      guard let version = TLSProtocolVersion(rawValue: text) else {
        throw self.refusal("is no version")
      }
      configuration.tls.minimumVersion = version
    case .plaintextListen:
      configuration.tls.plaintextListen = try self.address(text)
    case .logLevel:
      guard let level = Logger.Level(rawValue: text) else { throw self.refusal("is no level") }
      configuration.logLevel = level
    case .logFormat:
      guard let format = LogFormat(rawValue: text) else { throw self.refusal("is no format") }
      configuration.logFormat = format
    case .accessLog:
      guard let mode = AccessLogMode(rawValue: text) else { throw self.refusal("is no choice") }
      configuration.accessLog = mode
    case .compression:
      guard let compression = ReplyCompression(rawValue: text) else {
        throw self.refusal("is no encoding")
      }
      configuration.compression = compression
    case .policy:
      guard let policy = EvictionPolicy(rawValue: text) else {
        throw self.refusal("is no policy")
      }
      configuration.policy = policy
    case .peers:
      configuration.peers = try self.peers(text)
    case .etcd:
      configuration.etcd.endpoints = try self.endpoints(text)
    case .etcdUser:
      configuration.etcd.user = text
    case .clusterName:
      guard text.utf8.count <= MemberSettings.clusterMaxBytes else {
        throw self.refusal("is too long")
      }
      guard text.utf8.allSatisfy(isNameByte) else {
        throw self.refusal("has a character that the name of a cluster cannot have")
      }
      configuration.member.cluster = text
    case .zone:
      configuration.member.zone = try self.zone(text)
    case .weight:
      configuration.member.weight = try self.weight(text)
    }
  }

  private func peers(_ text: String) throws(SettingRefusal) -> [HostPort] {
    var peers: [HostPort] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let address = try self.address(part.trimmingPrefix { $0 == " " }.description)
      guard !address.isWildcard, address.port != 0 else {
        throw self.refusal("has an address that nobody can call")
      }
      guard !peers.contains(where: { $0.canonical == address.canonical }) else {
        throw self.refusal("has an address twice")
      }
      peers.append(address)
    }
    return peers
  }

  /// An endpoint without a scheme is one without TLS.
  private func endpoints(_ text: String) throws(SettingRefusal) -> [EtcdEndpoint] {
    var endpoints: [EtcdEndpoint] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let url = part.trimmingPrefix { $0 == " " }.description
      let endpoint: EtcdEndpoint
      do throws(EtcdEndpoint.Malformed) {
        endpoint = try EtcdEndpoint(parsing: url.contains("://") ? url : "http://" + url)
      } catch {
        throw self.refusal("has \(quoted(url)), which is no endpoint of an etcd")
      }
      guard !endpoints.contains(endpoint) else { throw self.refusal("has an endpoint twice") }
      endpoints.append(endpoint)
    }
    return endpoints
  }

  private func zone(_ text: String) throws(SettingRefusal) -> String {
    guard text.utf8.count <= MemberSettings.zoneMaxBytes else { throw self.refusal("is too long") }
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw self.refusal("has a control character")
    }
    return text
  }

  private func weight(_ text: String) throws(SettingRefusal) -> Double {
    guard let weight = Double(text) else { throw self.refusal("is not a number") }
    guard weight > 0 else { throw self.refusal("is too small") }
    guard weight <= RingNode.weightMax else { throw self.refusal("is too large") }
    return weight
  }

  /// What a value must look like and between which bounds it must be. Completes "Expected …".
  var expected: String {
    switch self.kind {
    case .bytes(_, let range):
      let (low, high) = (ByteCount(bytes: range.lowerBound), ByteCount(bytes: range.upperBound))
      return "a size from \(low) to \(high), in bytes or with KiB, MiB, GiB or TiB, such as"
        + " \(self.defaultText)"
    case .count(_, let range):
      return "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .milliseconds(_, let range):
      let low = DurationText.text(milliseconds: range.lowerBound)
      let high = DurationText.text(milliseconds: range.upperBound)
      return "a duration from \(low) to \(high) with ms, s, m, h or d, such as"
        + " \(self.defaultText)"
    case .listen, .plaintextListen:
      return "HOST:PORT, such as 127.0.0.1:7600, [::1]:7600 or 0.0.0.0:7600 for all interfaces"
    case .admin:
      return "HOST:PORT on this machine, such as 127.0.0.1:7680, or off"
    case .peers:
      return "HOST:PORT of each node with commas between, such as cache-1:7600,cache-2:7600"
    case .etcd:
      return
        "HOST:PORT, http://HOST:PORT or https://HOST:PORT of each member of an etcd with commas"
        + " between, such as 127.0.0.1:2379"
    case .etcdUser:
      return "the name of a user of etcd"
    case .clusterName:
      return "1 to \(MemberSettings.clusterMaxBytes) characters of A-Z a-z 0-9 . _ -"
    case .zone:
      return "1 to \(MemberSettings.zoneMaxBytes) bytes without control characters"
    case .weight:
      return "a number above 0 and up to \(RingNode.weightMax), such as 1.5"
    case .advertise:
      return "HOST:PORT as other machines reach this node, such as cache-1.internal:7600"
    case .nodeID:
      return "1 to \(NodeLimits.nodeIDMaxBytes) characters of A-Z a-z 0-9 . _ - : % [ ]"
    case .configFile:
      return "the path of a YAML file"
    case .file:
      return "the path of a file"
    case .directory:
      return "the path of a directory"
    case .toggle:
      return "true or false"
    case .tlsClientAuth:
      return "one of \(ClientAuthentication.allCases.map(\.rawValue).joined(separator: ", "))"
    case .tlsMinVersion:
      return "one of \(TLSProtocolVersion.allCases.map(\.rawValue).joined(separator: ", "))"
    case .logLevel:
      return "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
    case .logFormat:
      return "one of \(LogFormat.allCases.map(\.rawValue).joined(separator: ", "))"
    case .accessLog:
      return "one of \(AccessLogMode.allCases.map(\.rawValue).joined(separator: ", "))"
    case .compression:
      return "one of \(ReplyCompression.allCases.map(\.rawValue).joined(separator: ", "))"
    case .policy:
      return "one of \(EvictionPolicy.allCases.map(\.rawValue).joined(separator: ", "))"
    }
  }

  private func refusal(_ problem: String) -> SettingRefusal {
    SettingRefusal(problem: problem, expected: self.expected)
  }

  private func parse<Value>(
    _ body: () throws(UnitTextError) -> Value
  ) throws(SettingRefusal) -> Value {
    do throws(UnitTextError) {
      return try body()
    } catch {
      switch error {
      case .malformed: throw self.refusal("is not a \(self.valueName)")
      case .unknownUnit: throw self.refusal("does not end in a known unit")
      case .overflow: throw self.refusal("is too large")
      }
    }
  }

  private func check<Value>(
    _ value: Value, in range: ClosedRange<Value>
  ) throws(SettingRefusal) -> Value {
    guard value >= range.lowerBound else { throw self.refusal("is too small") }
    guard value <= range.upperBound else { throw self.refusal("is too large") }
    return value
  }

  private func address(_ text: String) throws(SettingRefusal) -> HostPort {
    do throws(HostPortError) {
      return try HostPort(parsing: text)
    } catch {
      switch error {
      case .hostMissing: throw self.refusal("has no host")
      case .hostInvalid: throw self.refusal("has a host that is neither an address nor a name")
      case .bracketsMissing: throw self.refusal("is an IPv6 address without brackets")
      case .portMissing: throw self.refusal("has no port")
      case .portInvalid: throw self.refusal("has a port that is not a number from 0 to 65535")
      }
    }
  }

  /// The id becomes a part of etcd's keys, so it has no slash; of HOST:PORT it has all characters.
  private func checkNodeID(_ text: String) throws(SettingRefusal) {
    guard text.utf8.count <= NodeLimits.nodeIDMaxBytes else { throw self.refusal("is too long") }
    let isValid = text.utf8.allSatisfy { byte in
      isNameByte(byte) || ":%[]".utf8.contains(byte)
    }
    guard isValid else { throw self.refusal("has a character that an id cannot have") }
  }
}

/// Of `A-Z a-z 0-9 . _ -`, which names of nodes and namespaces are made of.
func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
  case UInt8(ascii: "0")...UInt8(ascii: "9"): true
  case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
  default: false
  }
}
