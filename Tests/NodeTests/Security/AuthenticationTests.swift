import GRPC
import Testing

@testable import Node

/// Who presents what, without a connection. Over connections: test_auth.py.
@Suite struct AuthenticationTests {
  private static func callers() throws -> CallerTable {
    try TokenFile(
      yaml: """
        - {name: web, token: 0123456789abcdef, roles: [read]}
        - {name: ops, certificate: ops.example.com, roles: [admin]}
        - {name: spare, certificate: spare.example.com, roles: [read]}
        """, path: "FILE", namespaces: [""]
    ).callers
  }

  /// The caller's name, or the reason of the refusal.
  private static func judge(
    _ authorization: String?, _ certificateNames: [String] = []
  ) throws -> String {
    let callers = try Self.callers()
    let result =
      if let authorization {
        Authentication.judge(
          Array(authorization.utf8).span.bytes, certificateNames, callers)
      } else {
        Authentication.judge(nil, certificateNames, callers)
      }
    switch result {
    case .success(let caller): return caller.name
    case .failure(let status):
      #expect(status.code == .unauthenticated)
      return status.info?.reason ?? ""
    }
  }

  @Test func `a token is known by what it is, behind its scheme`() throws {
    #expect(try Self.judge("Bearer 0123456789abcdef") == "web")
    #expect(try Self.judge("Bearer 0123456789abcdeF") == "CREDENTIALS_UNKNOWN")
    #expect(try Self.judge("Basic 0123456789abcdef") == "CREDENTIALS_MALFORMED")
    #expect(try Self.judge(nil) == "CREDENTIALS_MISSING")
  }

  @Test func `a certificate is known by the first of its names that is`() throws {
    #expect(try Self.judge(nil, ["ops.example.com"]) == "ops")
    #expect(try Self.judge(nil, ["x", "spare.example.com", "ops.example.com"]) == "spare")
    #expect(try Self.judge(nil, ["other.example.com"]) == "CREDENTIALS_UNKNOWN")
  }

  @Test func `a token beside a certificate is what counts, good or bad`() throws {
    #expect(try Self.judge("Bearer 0123456789abcdef", ["ops.example.com"]) == "web")
    #expect(try Self.judge("Bearer wrong", ["ops.example.com"]) == "CREDENTIALS_UNKNOWN")
    #expect(try Self.judge("", ["ops.example.com"]) == "CREDENTIALS_MALFORMED")
  }
}
