import GRPC
import Testing

@testable import Etcd

@Suite struct ConfigurationTests {
  @Test(
    arguments: [
      ("http://127.0.0.1:2379", EtcdEndpoint(host: "127.0.0.1", port: 2379)),
      ("http://etcd-1.internal", EtcdEndpoint(host: "etcd-1.internal", port: 2379)),
      ("http://etcd:1/", EtcdEndpoint(host: "etcd", port: 1)),
      ("https://[::1]:65535", EtcdEndpoint(host: "::1", port: 65_535, isEncrypted: true)),
      ("https://[fe80::1]", EtcdEndpoint(host: "fe80::1", port: 2379, isEncrypted: true)),
    ])
  func `an endpoint is read as etcd writes it`(text: String, endpoint: EtcdEndpoint) throws {
    let read = try EtcdEndpoint(parsing: text)
    #expect(read == endpoint)
    #expect(try EtcdEndpoint(parsing: "\(read)") == read)
  }

  @Test(
    arguments: [
      "", "etcd:2379", "ftp://etcd:2379", "http://", "http://:2379", "http://etcd:",
      "http://etcd:0",
      "http://etcd:65536", "http://etcd:+1", "http://etcd:2379/v3", "http://a b:1", "http://[::1",
      "http://[::1]2379", "http://::1:2379", "http://user@etcd:2379", "HTTP//etcd",
      "http://etcd:99999999999999999999",
    ])
  func `what is no endpoint is refused with an example`(text: String) {
    let error = #expect(throws: EtcdEndpoint.Malformed.self) { try EtcdEndpoint(parsing: text) }
    #expect(error?.description.contains("\"\(text)\"") == true)
    #expect(error?.description.contains("http://127.0.0.1:2379") == true)
  }

  @Test func `a configuration that cannot be used is refused, by name`() throws {
    let endpoint = EtcdEndpoint(host: "a", port: 1)
    try EtcdConfiguration(endpoints: [endpoint]).validate()
    let wrong: [(String, (inout EtcdConfiguration) -> Void)] = [
      ("no etcd endpoint", { $0.endpoints = [] }),
      ("needs TLS", { $0.endpoints[0].isEncrypted = true }),
      ("callTimeout", { $0.callTimeout = .zero }),
      ("attemptTimeout", { $0.attemptTimeout = .seconds(-1) }),
      ("progressInterval", { $0.progressInterval = .zero }),
      ("progressTimeout", { $0.progressTimeout = .zero }),
      ("keepaliveTimeout", { $0.keepaliveTimeout = .zero }),
      ("keepaliveInterval", { $0.keepaliveInterval = .seconds(4) }),
      ("backoff.initial", { $0.backoff.initial = .zero }),
      ("backoff.max", { $0.backoff.max = .milliseconds(1) }),
      ("backoff.jitter", { $0.backoff.jitter = 1.5 }),
      ("messageMaxBytes", { $0.messageMaxBytes = 0 }),
      ("listPageKeys", { $0.listPageKeys = 0 }),
      ("watchesMax", { $0.watchesMax = 0 }),
      ("watchBufferMaxBytes", { $0.watchBufferMaxBytes = 0 }),
    ]
    for (name, change) in wrong {
      var configuration = EtcdConfiguration(endpoints: [endpoint])
      change(&configuration)
      let error = #expect(throws: EtcdConfiguration.Invalid.self) { try configuration.validate() }
      #expect(error?.description.contains(name) == true, "\(name): \(String(describing: error))")
    }
  }

  @Test(
    arguments: [
      ("abc", KeyRange(start: Array("abc".utf8), end: Array("abd".utf8))),
      ("", KeyRange(start: [0], end: [0])),
    ])
  func `a prefix is a range of keys`(prefix: String, range: KeyRange) {
    #expect(KeyRange.prefix(prefix) == range)
  }

  @Test func `a prefix whose last bytes are the highest ends where the others can grow`() {
    #expect(KeyRange.prefix([1, 0xff]) == KeyRange(start: [1, 0xff], end: [2]))
    #expect(KeyRange.prefix([1, 0xff, 0xff]) == KeyRange(start: [1, 0xff, 0xff], end: [2]))
    #expect(KeyRange.prefix([0xff, 0xff]) == KeyRange(start: [0xff, 0xff], end: [0]))
  }

  @Test func `what etcd says of a failed call decides what is done about it`() {
    let cases: [(StatusCode, String, CallRemedy)] = [
      (.unavailable, "etcdserver: no leader", .askAnother),
      (.unavailable, "etcdserver: not capable", .askAnother),
      (.unavailable, "etcdserver: rpc not supported for learner", .askAnother),
      (.unavailable, "etcdserver: request timed out", .askAnotherIfRepeatable),
      (.unavailable, "etcdserver: leader changed", .askAnotherIfRepeatable),
      (.unavailable, "the connection to a:1 was lost", .askAnotherIfRepeatable),
      (.deadlineExceeded, "no answer", .askAnotherIfRepeatable),
      (.cancelled, "etcdserver: watch canceled", .askAnotherIfRepeatable),
      (.internal, "", .askAnotherIfRepeatable), (.unknown, "", .askAnotherIfRepeatable),
      (.dataLoss, "etcdserver: corrupt cluster", .askAnotherIfRepeatable),
      (.resourceExhausted, "etcdserver: too many requests", .askAnother),
      (.resourceExhausted, "etcdserver: mvcc: database space exceeded", .fail(.noSpace)),
      (.resourceExhausted, "received message larger than max (9 vs. 8)", .fail(.answerTooLarge)),
      (.unauthenticated, "etcdserver: invalid auth token", .renewToken),
      (.invalidArgument, "etcdserver: user name is empty", .renewToken),
      (.invalidArgument, "etcdserver: revision of auth store is old", .renewToken),
      (
        .invalidArgument, "etcdserver: authentication failed, invalid user ID or password",
        .fail(.unauthenticated)
      ),
      (.invalidArgument, "etcdserver: key is not provided", .fail(.refused)),
      (.permissionDenied, "etcdserver: permission denied", .fail(.permissionDenied)),
      (
        .outOfRange, "etcdserver: mvcc: required revision has been compacted", .fail(.compacted)
      ),
      (
        .outOfRange, "etcdserver: mvcc: required revision is a future revision",
        .fail(.futureRevision)
      ),
      (.notFound, "etcdserver: requested lease not found", .fail(.leaseNotFound)),
      (.failedPrecondition, "etcdserver: lease already exists", .fail(.refused)),
      (.unimplemented, "unknown service", .fail(.refused)),
    ]
    for (code, message, remedy) in cases {
      #expect(CallRemedy(Status(code, message)) == remedy, "\(code) \(message)")
    }
  }
}
