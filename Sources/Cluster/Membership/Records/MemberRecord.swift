public import HashRing

/// How a member stands in etcd: one JSON object, readable with `etcdctl get --prefix /larder/`.
///
///     {"address":"10.0.0.7:7600","zone":"a","weight":1.0,"capacity":1073741824,
///      "state":"active","version":"0.1.0","incarnation":1760000000000,
///      "lease_ttl_ms":10000,"mass_loss_hold_ms":30000,"value_max":3145728}
///
/// What may be left out: `zone`, `weight`, `capacity`, `version`, and all behind `incarnation`. Members of
/// an object that are not named here are ignored, so that a later version may add some.
enum MemberRecord {
  /// Of a record that is read, in bytes.
  static let bytesMax = 4_096
  /// Of a zone, and of a version, in bytes.
  static let textMaxBytes = 128

  /// Why a record is none.
  struct Fault: Error, Equatable, CustomStringConvertible {
    /// For people: what is wrong, and what would be right.
    let description: String
  }

  static func encode(_ member: Member) -> [UInt8] {
    let members: KeyValuePairs = [
      "address": JSONValue.quoted(member.address), "zone": JSONValue.quoted(member.zone),
      "weight": "\(member.weight)", "capacity": "\(member.capacityBytes)",
      "state": JSONValue.quoted(member.state.rawValue),
      "version": JSONValue.quoted(member.version), "incarnation": "\(member.incarnation)",
      "lease_ttl_ms": "\(member.shared.leaseTTLMilliseconds)",
      "mass_loss_hold_ms": "\(member.shared.massLossHoldMilliseconds)",
      "value_max": "\(member.shared.valueMaxBytes)",
    ]
    return Array("{\(members.map { "\"\($0)\":\($1)" }.joined(separator: ","))}".utf8)
  }

  /// The same for every node that reads it. A ring takes each member that is returned.
  static func decode(_ record: [UInt8], id: String) throws(Fault) -> Member {
    guard record.count <= Self.bytesMax else {
      throw Fault(description: "it has \(record.count) bytes, more than \(Self.bytesMax)")
    }
    let fields = Fields(values: try Self.object(record))
    let (host, port) = try fields.address("address")
    let state = try fields.text("state")
    guard let state = Member.State(rawValue: state) else {
      throw Fault(description: "state is \(JSONValue.quoted(state)): joining, active or leaving")
    }
    let member = Member(
      id: id, host: host, port: port, zone: try fields.text("zone", default: ""),
      weight: try fields.number("weight", default: 1),
      capacityBytes: try fields.integer("capacity", default: 0), state: state,
      version: try fields.text("version", default: ""),
      incarnation: try fields.integer("incarnation"),
      shared: SharedSettings(
        leaseTTLMilliseconds: try fields.integer("lease_ttl_ms", default: 0),
        massLossHoldMilliseconds: try fields.integer("mass_loss_hold_ms", default: 0),
        valueMaxBytes: try fields.integer("value_max", default: 0)))
    do throws(RingError) {
      _ = try member.ringNode()
    } catch {
      throw Fault(description: "\(error)")
    }
    return member
  }

  private static func object(_ record: [UInt8]) throws(Fault) -> [String: JSONValue] {
    do throws(JSONFault) {
      guard case .object(let values) = try JSONValue(parsing: record) else {
        throw JSONFault(what: "no object", offset: 0)
      }
      return values
    } catch {
      throw Fault(description: "it is no JSON object: \(error)")
    }
  }

  /// The members of an object, each as what it should be.
  private struct Fields {
    let values: [String: JSONValue]

    func text(_ name: String, default standard: String? = nil) throws(Fault) -> String {
      guard let value = self.values[name] else { return try self.standard(name, standard) }
      guard case .string(let text) = value, text.utf8.count <= MemberRecord.textMaxBytes,
        !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
      else {
        throw Fault(
          description: "\(name) must be a string of at most \(MemberRecord.textMaxBytes) bytes"
            + " without control characters")
      }
      return text
    }

    func number(_ name: String, default standard: Double? = nil) throws(Fault) -> Double {
      guard let value = self.values[name] else { return try self.standard(name, standard) }
      guard case .number(let text) = value, let number = Double(text) else {
        throw Fault(description: "\(name) must be a number")
      }
      return number
    }

    func integer(_ name: String, default standard: UInt64? = nil) throws(Fault) -> UInt64 {
      guard let value = self.values[name] else { return try self.standard(name, standard) }
      guard case .number(let text) = value, let number = UInt64(digits: text) else {
        throw Fault(description: "\(name) must be a whole number from 0 to \(UInt64.max)")
      }
      return number
    }

    func address(_ name: String) throws(Fault) -> (host: String, port: Int) {
      guard case .string(let text)? = self.values[name], let colon = text.lastIndex(of: ":"),
        let port = UInt16(digits: text[text.index(after: colon)...]), port > 0
      else {
        throw Fault(description: "\(name) must be \"HOST:PORT\", the port from 1 to 65535")
      }
      var host = text[..<colon]
      let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
      if isBracketed { host = host.dropFirst().dropLast() }
      let isHost = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@[]\"".utf8.contains($0) }
      guard isHost, (1...253).contains(host.utf8.count), host.contains(":") == isBracketed else {
        throw Fault(
          description: "\(name) must name a host: an address, IPv6 in brackets, or a DNS name")
      }
      return (String(host), Int(port))
    }

    private func standard<Value>(_ name: String, _ value: Value?) throws(Fault) -> Value {
      guard let value else { throw Fault(description: "\(name) is missing") }
      return value
    }
  }
}

extension Member {
  /// The member as a ring takes it.
  public func ringNode() throws(RingError) -> RingNode {
    try RingNode(id: self.id, zone: self.zone, weight: self.weight)
  }
}
