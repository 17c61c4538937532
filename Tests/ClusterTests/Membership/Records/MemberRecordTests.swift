import HashRing
import Testing

@testable import Cluster

@Suite struct MemberRecordTests {
  @Test func `a member is read as it was written`() throws {
    for state in Member.State.allCases {
      let member = Member(
        id: "a", host: "10.0.0.7", port: 7600, zone: "zone \"é\"", weight: 0.25,
        capacityBytes: .max, state: state, version: "0.1.0", incarnation: .max,
        shared: SharedSettings(
          leaseTTLMilliseconds: 1, massLossHoldMilliseconds: .max, valueMaxBytes: 3))
      #expect(try MemberRecord.decode(MemberRecord.encode(member), id: "a") == member)
    }
    let v6 = Member(id: "b", host: "2001:db8::1", port: 1)
    #expect(try MemberRecord.decode(MemberRecord.encode(v6), id: "b") == v6)
  }

  @Test func `a record is as people read it`() {
    let member = Member(
      id: "a", host: "::1", port: 7600, zone: "z", weight: 2, capacityBytes: 7, state: .leaving,
      version: "0.1.0", incarnation: 9,
      shared: SharedSettings(
        leaseTTLMilliseconds: 10_000, massLossHoldMilliseconds: 30_000, valueMaxBytes: 3 << 20))
    let text = String(decoding: MemberRecord.encode(member), as: UTF8.self)
    #expect(
      text == #"{"address":"[::1]:7600","zone":"z","weight":2.0,"capacity":7,"#
        + #""state":"leaving","version":"0.1.0","incarnation":9,"#
        + #""lease_ttl_ms":10000,"mass_loss_hold_ms":30000,"value_max":3145728}"#)
  }

  @Test func `what a later version adds is ignored, and what has a default may be left out`() throws
  {
    let member = try decode(
      #"{"address":"h:1","state":"active","incarnation":3,"color":{"deep":[1]}}"#)
    #expect(member == Member(id: "n", host: "h", port: 1, incarnation: 3))
  }

  @Test(arguments: [
    ("", "no JSON object"), ("[]", "no object"), ("10.0.0.7:7600", "no JSON object"),
    (#"{"state":"active","incarnation":1}"#, "address must be"),
    (#"{"address":"h:1","incarnation":1}"#, "state is missing"),
    (#"{"address":"h:1","state":"active"}"#, "incarnation is missing"),
    (#"{"address":"h:1","state":"away","incarnation":1}"#, "state is \"away\""),
    (#"{"address":"h:1","state":1,"incarnation":1}"#, "state must be a string"),
    (#"{"address":"h:1","state":"active","incarnation":-1}"#, "incarnation must be"),
    (#"{"address":"h:1","state":"active","incarnation":1.5}"#, "incarnation must be"),
    (#"{"address":"h:1","state":"active","incarnation":"1"}"#, "incarnation must be"),
    (#"{"address":"h:1","state":"active","incarnation":1,"weight":0}"#, "weight of node n is 0"),
    (#"{"address":"h:1","state":"active","incarnation":1,"weight":-1}"#, "weight of node n"),
    (#"{"address":"h:1","state":"active","incarnation":1,"weight":65}"#, "weight of node n"),
    (#"{"address":"h:1","state":"active","incarnation":1,"weight":1e999}"#, "weight of node n"),
    (
      #"{"address":"h:1","state":"active","incarnation":1,"weight":"1"}"#, "weight must be a number"
    ),
    (#"{"address":"h:1","state":"active","incarnation":1,"zone":"a\nb"}"#, "zone must be"),
    (#"{"address":"h:1","state":"active","incarnation":1,"zone":null}"#, "zone must be"),
    (
      #"{"address":"h:1","state":"active","incarnation":1,"lease_ttl_ms":"1"}"#,
      "lease_ttl_ms must be a whole number"
    ),
  ])
  func `a malformed record is told by its fault`(_ text: String, _ what: String) {
    #expect(fault(text)?.contains(what) == true, "\(fault(text) ?? "none")")
  }

  @Test(arguments: [
    "", "h", ":1", "h:", "h:0", "h:65536", "h:+1", "h:-1", "h:1x", "a b:1", "::1:7600", "[::1]",
    "[::1:7600", "[h]:1", "h/x:1", "u@h:1", "[]:1", "h:1:2",
  ])
  func `an address that nobody can call is malformed`(_ address: String) {
    let text = #"{"address":\#(JSONValue.quoted(address)),"state":"active","incarnation":1}"#
    #expect(fault(text)?.contains("address must") == true)
  }

  @Test func `a record is as large as the limit, and no larger`() throws {
    let text = #"{"address":"h:1","state":"active","incarnation":1}"#
    let most = text + String(repeating: " ", count: MemberRecord.bytesMax - text.utf8.count)
    _ = try decode(most)
    #expect(fault(most + " ")?.contains("4097 bytes, more than 4096") == true)
    let zone = String(repeating: "z", count: MemberRecord.textMaxBytes)
    func zoned(_ zone: String) -> String {
      #"{"address":"h:1","state":"active","incarnation":1,"zone":"\#(zone)"}"#
    }
    #expect(try decode(zoned(zone)).zone == zone)
    #expect(fault(zoned(zone + "z"))?.contains("zone must be") == true)
  }

  private func decode(_ text: String) throws(MemberRecord.Fault) -> Member {
    try MemberRecord.decode(Array(text.utf8), id: "n")
  }

  private func fault(_ text: String) -> String? {
    do throws(MemberRecord.Fault) {
      _ = try self.decode(text)
      return nil
    } catch {
      return "\(error)"
    }
  }
}
