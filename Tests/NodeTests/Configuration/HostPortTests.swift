import Node
import Testing

@Suite struct HostPortTests {
  @Test(arguments: [
    ("127.0.0.1:7600", "127.0.0.1", 7_600), ("0.0.0.0:0", "0.0.0.0", 0),
    ("[::1]:7600", "::1", 7_600),
    ("[fe80::1%eth0]:1", "fe80::1%eth0", 1), ("localhost:65535", "localhost", 65_535),
    ("cache-1.internal:7600", "cache-1.internal", 7_600), ("my_service:80", "my_service", 80),
  ])
  func `an address is read and printed as it was`(text: String, host: String, port: Int) throws {
    let address = try HostPort(parsing: text)
    #expect(address == HostPort(host: host, port: port))
    #expect(address.description == text)
  }

  @Test(arguments: [
    ("", HostPortError.portMissing), ("localhost", .portMissing), ("localhost:", .portMissing),
    ("[::1]", .portMissing), ("[::1]7600", .portMissing), ("[::1]:", .portMissing),
    (":7600", .hostMissing), ("::1:7600", .bracketsMissing), ("::", .bracketsMissing),
    ("a:65536", .portInvalid), ("a:-1", .portInvalid), ("a:+1", .portInvalid),
    ("a:x", .portInvalid),
    ("a:100000", .portInvalid), ("a: 1", .portInvalid), ("[::1]:x", .portInvalid),
    ("[::1:7600", .hostInvalid), ("[]:1", .hostInvalid), ("[127.0.0.1]:1", .hostInvalid),
    ("[::1%]:1", .hostInvalid), ("[::1%a%b]:1", .hostInvalid), ("300.1.1.1:1", .hostInvalid),
    ("10.1:1", .hostInvalid), ("a b:1", .hostInvalid), ("a..b:1", .hostInvalid),
    (".:1", .hostInvalid), ("http://a:1", .bracketsMissing), ("a/b:1", .hostInvalid),
    ("b\u{fc}cher:1", .hostInvalid), ("a\0:1", .hostInvalid),
  ])
  func `what is no address is refused by its kind`(text: String, error: HostPortError) {
    #expect(throws: error) { try HostPort(parsing: text) }
  }

  @Test func `a name of 253 bytes is taken and one of 254 refused`() throws {
    let label = String(repeating: "a", count: HostPort.labelBytesMax)
    let name = [label, label, label, String(label.dropLast(2))].joined(separator: ".")
    #expect(name.utf8.count == HostPort.nameBytesMax)
    #expect(try HostPort(parsing: "\(name):1").host == name)
    #expect(throws: HostPortError.hostInvalid) { try HostPort(parsing: "\(name)a:1") }
  }

  @Test func `a label of 63 bytes is taken and one of 64 refused`() throws {
    let label = String(repeating: "a", count: HostPort.labelBytesMax)
    #expect(try HostPort(parsing: "\(label):1").host == label)
    #expect(throws: HostPortError.hostInvalid) { try HostPort(parsing: "\(label)a:1") }
  }

  @Test func `only the addresses for all interfaces are wildcards`() {
    #expect(HostPort(host: "0.0.0.0", port: 1).isWildcard)
    #expect(HostPort(host: "::", port: 1).isWildcard)
    #expect(!HostPort(host: "127.0.0.1", port: 1).isWildcard)
  }
}
