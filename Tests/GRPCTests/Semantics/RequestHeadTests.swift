import NIOCore
import Testing

@testable import GRPC
@testable import HTTP2

private let methods = MethodTable(["/a.B/Get", "/a.B/Set"])

/// A proper request's head, with `changes`: another value, or nil to leave the field out.
private func fields(_ changes: [(String, String?)] = []) -> [(String, String)] {
  var fields: [(String, String)] = [
    (":method", "POST"), (":scheme", "http"), (":path", "/a.B/Set"), (":authority", "test"),
    ("te", "trailers"), ("content-type", "application/grpc"),
  ]
  for (name, value) in changes {
    fields.removeAll { $0.0 == name }
    if let value { fields.append((name, value)) }
  }
  return fields
}

private func parse(_ changes: [(String, String?)]) throws(RequestHead.Refusal) -> RequestHead {
  var block = HeaderBlock()
  for (name, value) in fields(changes) {
    Array(name.utf8).withUnsafeBytes { name in
      Array(value.utf8).withUnsafeBytes { block.append(name: name, value: $0) }
    }
  }
  return try RequestHead.parse(HeaderFields(RawSpan(_unsafeBytes: block.buffer)), methods)
}

/// Why a head with `changes` is refused, or nil.
private func refusal(_ changes: (String, String?)...) -> RequestHead.Refusal? {
  do throws(RequestHead.Refusal) {
    _ = try parse(changes)
    return nil
  } catch {
    return error
  }
}

@Suite struct RequestHeadTests {
  @Test func `a proper head names its method, and has no timeout unless it says so`() throws {
    #expect(try parse([]) == RequestHead(method: 1, timeout: nil))
    #expect(try parse([(":path", "/a.B/Get")]) == RequestHead(method: 0, timeout: nil))
    #expect(try parse([("grpc-timeout", "250m")]).timeout == .milliseconds(250))
    #expect(try parse([("grpc-timeout", "0n")]).timeout == .nanoseconds(0))
  }

  @Test(arguments: [
    "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
    "application/grpc; charset=utf-8", "application/grpc+proto;charset=utf-8",
  ])
  func `gRPC's content types are taken`(_ type: String) {
    #expect(refusal(("content-type", type)) == nil)
  }

  @Test(arguments: [
    "application/grpcfoo", "application/grpc+json", "application/grpc-web",
    "application/grpc-web+proto", "application/grp", "application/json", "text/html", "",
    "application/grpc+", "application/grpc+protobuf", "application/grpc+proto2",
  ])
  func `other content types are answered with 415`(_ type: String) {
    #expect(refusal(("content-type", type)) == .http(415))
  }

  @Test func `a head without a content type is answered with 415`() {
    #expect(refusal(("content-type", nil)) == .http(415))
  }

  @Test(arguments: ["GET", "PUT", "HEAD", "post", ""])
  func `other methods than POST are answered with 405`(_ method: String) {
    #expect(refusal((":method", method)) == .http(405))
  }

  @Test func `a path that is not served is UNIMPLEMENTED and named`() {
    #expect(
      refusal((":path", "/a.B/Nope")) == .status(Status(.unimplemented, "unknown method /a.B/Nope"))
    )
  }

  @Test func `a head without a path is UNIMPLEMENTED`() {
    #expect(refusal((":path", nil)) == .status(Status(.unimplemented, "unknown method ")))
  }

  @Test(arguments: ["123456789S", "1s", "S", "", "-1S"])
  func `a timeout that is none is INTERNAL and named`(_ timeout: String) {
    guard case .status(let status) = refusal(("grpc-timeout", timeout)) else {
      Issue.record("not refused with a status")
      return
    }
    #expect(status.code == .internal)
    #expect(status.message.contains("grpc-timeout \"\(timeout)\""))
  }

  @Test func `the encoding of the messages and those that are accepted are read`() throws {
    let plain = try parse([])
    #expect(plain.encoding == .identity && plain.accepts == EncodingSet())
    let head = try parse([("grpc-encoding", "deflate"), ("grpc-accept-encoding", "br, gzip")])
    #expect(head.encoding == .deflate && head.accepts == EncodingSet(.gzip))
  }

  @Test func `compression that we do not have is refused by its name, and identity is taken`() {
    #expect(refusal(("grpc-encoding", "snappy")) == .encoding("snappy"))
    #expect(refusal(("grpc-encoding", "Gzip")) == .encoding("Gzip"))
    #expect(refusal(("grpc-encoding", "identity")) == nil)
  }

  @Test func `what is not gRPC is refused as HTTP before anything else is looked at`() {
    #expect(
      refusal((":path", "/"), ("content-type", "text/html"), ("grpc-timeout", "x")) == .http(415))
    #expect(refusal((":method", "GET"), ("content-type", nil), (":path", "/")) == .http(405))
  }
}
