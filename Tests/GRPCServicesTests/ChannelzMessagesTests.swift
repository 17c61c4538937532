import NIOCore
import Testing
import Wire

@testable import GRPC
@testable import GRPCServices

@Suite struct ChannelzMessagesTests {
  @Test func `requests are read and written by their field numbers`() throws {
    let page: [UInt8] = [0x08, 7, 0x10, 3]
    #expect(try ChannelzPageRequest(decoding: page.span.bytes) == .init(start: 7, maxResults: 3))
    #expect(ChannelzPageRequest(start: 7, maxResults: 3).serialized() == page)
    let sockets: [UInt8] = [0x08, 1, 0x10, 7, 0x18, 3]
    let request = GetServerSocketsRequest(server: 1, page: .init(start: 7, maxResults: 3))
    #expect(try GetServerSocketsRequest(decoding: sockets.span.bytes) == request)
    #expect(request.serialized() == sockets)
    // The `summary` of a GetSocketRequest is passed over.
    let id: [UInt8] = [0x08, 9, 0x10, 1]
    #expect(try ChannelzIDRequest(decoding: id.span.bytes).id == 9)
  }

  @Test func `a page says whether it is the last`() {
    let refs = (1...3).map { ChannelzRef($0, field: 3, name: "") }
    #expect(
      ChannelzPage(refs, max: 3).serialized() == [
        0x0a, 2, 0x18, 1, 0x0a, 2, 0x18, 2, 0x0a, 2, 0x18, 3, 0x10, 1,
      ])
    #expect(
      ChannelzPage(refs, max: 2).serialized() == [0x0a, 2, 0x18, 1, 0x0a, 2, 0x18, 2])
    #expect(ChannelzPage([ChannelzRef](), max: 2).serialized() == [0x10, 1])
  }

  @Test func `an address is bytes in network order and a port`() throws {
    let v4 = try SocketAddress(ipAddress: "1.2.3.4", port: 300)
    #expect(
      ChannelzAddress(address: v4).serialized() == [0x0a, 9, 0x0a, 4, 1, 2, 3, 4, 0x10, 0xac, 2])
    #expect(ChannelzAddress.text(v4) == "1.2.3.4:300")
    let v6 = try SocketAddress(ipAddress: "::1", port: 1)
    #expect(
      ChannelzAddress(address: v6).serialized()
        == [0x0a, 20, 0x0a, 16] + [UInt8](repeating: 0, count: 15) + [1, 0x10, 1])
    #expect(ChannelzAddress.text(v6) == "[::1]:1")
    let path = try SocketAddress(unixDomainSocketPath: "/a")
    #expect(ChannelzAddress(address: path).serialized() == [0x12, 4, 0x0a, 2, 0x2f, 0x61])
  }

  @Test func `a monotonic time becomes the wall's`() {
    let now = NIODeadline.uptimeNanoseconds(50_000_000_000)
    let clock = ChannelzClock(wallNanoseconds: 1_000_000_000_007, now: now)
    let earlier = clock.timestamp(now - .seconds(2))
    #expect(earlier.nanoseconds == 998_000_000_007)
    #expect(earlier.serialized() == [0x08, 0xe6, 7, 0x10, 7])
  }

  @Test func `the security of a socket is its cipher suite`() {
    var socket = SocketSnapshot(id: 5)
    socket.cipherSuite = "TLS_A"
    let clock = ChannelzClock()
    #expect(
      ChannelzSocket(socket: socket, clock: clock).serialized()
        == [0x0a, 2, 0x18, 5, 0x2a, 9, 0x0a, 7, 0x0a, 5] + Array("TLS_A".utf8))
  }
}
