import NIOCore
import Testing

@testable import Node

@Suite struct ClientKeyTests {
  private func key(_ address: String, port: Int = 1) throws -> ClientKey {
    ClientKey(try SocketAddress(ipAddress: address, port: port))
  }

  @Test func `a client is its address, whatever port it calls from`() throws {
    #expect(try self.key("192.0.2.1") == .v4(0xc000_0201))
    #expect(try self.key("192.0.2.1", port: 2) == self.key("192.0.2.1"))
    #expect(try self.key("192.0.2.2") != self.key("192.0.2.1"))
  }

  @Test func `all IPv6 addresses of one network are one client`() throws {
    #expect(try self.key("2001:db8:1:2::1") == .v6(0x2001_0db8_0001_0002))
    #expect(try self.key("2001:db8:1:2:ffff:1:2:3") == self.key("2001:db8:1:2::1"))
    #expect(try self.key("2001:db8:1:3::1") != self.key("2001:db8:1:2::1"))
    #expect(try self.key("::1") == .v6(0))
  }

  @Test func `an IPv4 client of an IPv6 listener is the same client`() throws {
    #expect(try self.key("::ffff:192.0.2.1") == self.key("192.0.2.1"))
  }

  @Test func `those without an IP address are one client`() throws {
    #expect(ClientKey(nil) == .other)
    #expect(ClientKey(try SocketAddress(unixDomainSocketPath: "/tmp/larder")) == .other)
  }
}
