import Testing

@testable import GRPC

@Suite struct ServerIdentityTests {
  @Test(arguments: ["127.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"])
  func `an address is looked for as an address`(host: String) {
    #expect(ServerIdentity(host: host) == .address(host))
    #expect(ServerIdentity(host: host).indicatedName == nil)
  }

  @Test(arguments: ["localhost", "cache-1.internal", "1.2.3.4.example", "cache.example."])
  func `a name is looked for as a name`(host: String) {
    #expect(ServerIdentity(host: host) == .name(host))
    #expect(ServerIdentity(host: host).indicatedName == host)
  }

  @Test(arguments: [
    ("a.example", "a.example"), ("A.Example", "a.eXAMPLE"), ("a.example.", "a.example"),
    ("a.example", "a.example."), ("localhost", "localhost"), ("*.example", "a.example"),
    ("*.example", "A.Example."), ("*.b.example", "xn--a.b.example"),
  ])
  func `a certified name covers`(certified: String, name: String) {
    #expect(ServerIdentity.covers(certified, name))
  }

  @Test(arguments: [
    ("a.example", "b.example"), ("a.example", "a.example.org"), ("a.example", "example"),
    ("", "a"), ("", "."), ("a..example", "a..example"),
    // Only a whole label is a wildcard, only the first, and only for one.
    ("*.example", "example"), ("*.example", ".example"), ("*.example", "a.b.example"),
    ("*", "localhost"), ("a*.example", "ab.example"), ("a.*.example", "a.b.example"),
    ("*.*.example", "a.b.example"), ("**.example", "a.example"),
    // The sign for kelvin is a k in lower case, where all of Unicode counts.
    ("\u{212A}.example", "k.example"), ("*.examp\u{212A}e", "a.exampke"),
  ])
  func `a certified name does not cover`(certified: String, name: String) {
    #expect(!ServerIdentity.covers(certified, name))
  }
}
