import GRPC
import HashRing
import LarderAPI
import NIOCore
import Synchronization
import Wire

@testable import Cluster

/// What the owner in these tests says about keys: each is its own value, unless its name is that of
/// trouble.
enum ManyReads {
  /// Field 1 of GetManyResponse for each key.
  static func answer(to request: borrowing GetManyRequest) -> [UInt8] {
    var answer: [UInt8] = []
    var keys = request.keys.makeIterator()
    while let key = keys.next() {
      let name = String(copyingUTF8: key)
      let result =
        if name.hasPrefix("late") {
          self.field(4, [])
        } else if name.hasPrefix("bad") {
          self.field(3, [])
        } else if name.hasPrefix("none") {
          self.field(2, [])
        } else {
          self.hit(name)
        }
      answer += self.field(1, result)
    }
    return answer
  }

  /// A GetResponse, or a GetResult, with this value.
  static func hit(_ value: String) -> [UInt8] { self.field(1, self.field(1, Array(value.utf8))) }

  /// Why a key is refused that is asked for by itself.
  static func refusal(of message: RawSpan) -> Status? {
    guard let key = self.key(of: message), key.hasPrefix("bad") else { return nil }
    return Status(
      .outOfRange, "not this one", info: ErrorInfo(reason: "BAD", metadata: ["key": key]))
  }

  /// The key of a GetRequest; nil: it is none.
  private static func key(of message: RawSpan) -> String? {
    do throws(WireError) {
      return String(copyingUTF8: try GetRequest(decoding: message).key)
    } catch {
      // Most tests here send no more than a name.
      return nil
    }
  }

  /// A GetRequest that `b` owns in the ring of `a` and `b`, for a key that begins with `name`.
  static func request(_ name: String, namespace: String = "") -> (key: String, message: [UInt8]) {
    for number in 0..<1_000 {
      let key = "\(name)\(number)"
      var message = self.field(1, Array(key.utf8))
      if !namespace.isEmpty { message += self.field(2, Array(namespace.utf8)) }
      if ringOfTwo.otherOwner(of: XXH64.hash(message.span.bytes)) != nil { return (key, message) }
    }
    preconditionFailure("a node that owns nothing")
  }

  static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(bytes.count)] + bytes
  }
}

extension KeyService {
  func serveMany(_ call: borrowing UnaryCall) {
    self.servedMany.add(1, ordering: .relaxed)
    if self.refusesMany.load(ordering: .relaxed) {
      return call.fail(Status(.invalidArgument, "too many"))
    }
    if self.isMute.load(ordering: .relaxed) {
      _ = call.park()
      return
    }
    let request: GetManyRequest
    do { request = try GetManyRequest(decoding: call.message) } catch {
      return call.fail(Status(.internal, "no GetManyRequest: \(error)"))
    }
    let answer = ManyReads.answer(to: request)
    guard self.isHeld.load(ordering: .relaxed) else {
      return call.reply(size: answer.count) { $0.append(bytes: answer.span.bytes) }
    }
    call.answer { () throws(Status) in
      while self.isHeld.load(ordering: .relaxed) { await Task.yield() }
      return answer
    }
  }
}

/// A client on the only event loop of a node, whose calls the node gets in one turn.
///
/// `@unchecked Sendable`: what it changes is changed on that loop only.
final class TurnClient: UnaryReceiver, @unchecked Sendable {
  private let eventLoop: any EventLoop
  private let connection: NIOLoopBound<ClientConnection>
  private var calls: [CallID] = []
  private var answers: [UInt64: Result<[UInt8], Status>] = [:]

  init(of node: TestNode) async throws {
    self.eventLoop = node.forwarding.loops[0].eventLoop
    self.connection = try await ClientConnection.attempt(
      host: node.member.host, port: node.member.port, on: self.eventLoop,
      configuration: ClientConfiguration()
    ).get()
  }

  /// Sends these Gets in one go. The first one that was ever sent is number 0.
  func send(
    _ messages: [[UInt8]], timeouts: [TimeAmount] = [], isTraced: Bool = false,
    isMarked: Bool = false
  ) async throws {
    try await self.eventLoop.submit {
      let connection = self.connection.value
      let method = ClientMethod(
        path: CacheMethod.get.path, authority: "a", userAgent: "", metadata: Metadata(),
        takesCompressed: false, isEncrypted: false, isImmortal: false)
      var metadata = Metadata()
      if isTraced {
        metadata.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
      }
      if isMarked { metadata.add("x-request-id", "7") }
      for (index, message) in messages.enumerated() {
        let id = connection.call(
          method, timeout: index < timeouts.count ? timeouts[index] : .seconds(60),
          metadata: metadata, size: message.count, { $0.append(bytes: message.span.bytes) },
          to: self, tag: UInt64(self.calls.count))
        guard let id else { preconditionFailure("the connection takes calls") }
        self.calls.append(id)
      }
      connection.flush()
    }.get()
  }

  func cancel(_ number: Int) async throws {
    try await self.eventLoop.submit {
      self.connection.value.cancel(self.calls[number])
      self.connection.value.flush()
    }.get()
  }

  func answer(_ number: Int) async throws -> Result<[UInt8], Status> {
    while true {
      let answer = try await self.eventLoop.submit { self.answers[UInt64(number)] }.get()
      if let answer { return answer }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  func close() async throws {
    try await self.eventLoop.submit { self.connection.value.close() }.get()
  }

  func received(_ response: borrowing UnaryResponse, tag: UInt64) {
    self.answers[tag] =
      response.isOK ? .success(Array(copying: response.message)) : .failure(response.status)
  }
}
