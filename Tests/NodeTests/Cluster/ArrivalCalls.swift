import GRPC
import LarderAPI
import NIOCore
import Testing
import Wire

@testable import Node

/// A call, as its client or another node makes it.
struct Ask: Sendable, CustomTestStringConvertible {
  let method: CacheMethod
  let message: [UInt8]
  let testDescription: String

  private init(_ method: CacheMethod, _ message: [UInt8], _ name: String) {
    self.method = method
    self.message = message
    self.testDescription = name
  }

  static func get(_ key: String) -> Ask { Ask(.get, Self.field(1, key), "Get") }

  static func set(_ key: String, _ value: String, _ condition: Condition = .always) -> Ask {
    Ask(.set, Self.item(key, value, condition), "Set \(condition)")
  }

  static func delete(_ key: String) -> Ask { Ask(.delete, Self.field(1, key), "Delete") }

  /// By 1.
  static func increment(_ key: String) -> Ask {
    Ask(.increment, Self.field(1, key) + [2 << 3, 2], "Increment")
  }

  /// To no expiry.
  static func touch(_ key: String) -> Ask {
    Ask(.touch, Self.field(1, key) + [4 << 3, 1], "Touch")
  }

  static func getMany(_ keys: String...) -> Ask {
    Ask(.getMany, keys.flatMap { Self.field(1, $0) }, "GetMany")
  }

  static func setMany(_ items: (String, String, Condition)...) -> Ask {
    let items = items.map { Self.item($0.0, $0.1, $0.2) }
    return Ask(.setMany, items.flatMap { Self.field(1, $0) }, "SetMany")
  }

  static func deleteMany(_ keys: String...) -> Ask {
    Ask(.deleteMany, keys.flatMap { Self.field(1, $0) }, "DeleteMany")
  }

  enum Condition: UInt8 {
    case always = 0
    case ifAbsent = 6
    case ifPresent = 7
  }

  private static func item(_ key: String, _ value: String, _ condition: Condition) -> [UInt8] {
    Self.field(1, key) + Self.field(2, value)
      + (condition == .always ? [] : [condition.rawValue << 3, 1])
  }

  private static func field(_ number: UInt8, _ text: String) -> [UInt8] {
    Self.field(number, Array(text.utf8))
  }

  private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(bytes.count)] + bytes
  }
}

extension ArrivalNode {
  /// What the node answers: one thing, or one for each key of a batch.
  func ask(
    _ ask: Ask, asPeer: Bool = false, timeout: TimeAmount = .seconds(60)
  ) async -> [Answer] {
    let path = asPeer ? PeerMethod.path(ask.method) : ask.method.path
    do throws(Status) {
      let answer = try await self.channel.unary(path, ask.message, timeout: timeout)
      return try Answer.all(in: answer.message, of: ask.method)
    } catch {
      return [.error(error.info?.reason ?? "\(error.code)")]
    }
  }
}

extension Answer {
  static func all(in message: ByteBuffer, of method: CacheMethod) throws(Status) -> [Answer] {
    do throws(WireError) {
      let bytes = message.readableBytesSpan
      guard [.getMany, .setMany, .deleteMany].contains(method) else {
        return [try Self.one(in: bytes, of: method)]
      }
      var reader = WireReader(bytes)
      var answers: [Answer] = []
      while let field = try reader.nextField() {
        answers.append(try Self.result(in: try reader.bytes(field), of: method))
      }
      return answers
    } catch {
      throw Status(.internal, "no message: \(error)")
    }
  }

  /// The first two fields tell all that matters here.
  private static func one(in bytes: RawSpan, of method: CacheMethod) throws(WireError) -> Answer {
    var reader = WireReader(bytes)
    let field = try reader.nextField()
    switch method {
    case .get, .getMany:
      guard let field, field.number == 1 else { return .miss }
      var hit = WireReader(try reader.bytes(field))
      guard let value = try hit.nextField(), value.number == 1 else { return .hit("") }
      return .hit(String(copyingUTF8: try hit.bytes(value)))
    case .increment:
      guard let field, field.number == 1 else { return .sum(0) }
      return .sum(try reader.uint64(field))
    case .set, .setMany, .delete, .deleteMany, .touch:
      // The flag is not there where it is false.
      return field?.number == 1 ? .done : .notDone
    }
  }

  private static func result(
    in bytes: RawSpan, of method: CacheMethod
  ) throws(WireError) -> Answer {
    if method == .getMany {
      var reader = WireReader(bytes)
      guard let field = try reader.nextField(), field.number == 3 else {
        return try Self.one(in: bytes, of: method)
      }
      return .error(try Self.reason(in: try reader.bytes(field)))
    }
    var reader = WireReader(bytes)
    guard let field = try reader.nextField() else { return .error("an empty result") }
    let inner = try reader.bytes(field)
    return field.number == 1
      ? try Self.one(in: inner, of: method) : .error(try Self.reason(in: inner))
  }

  private static func reason(in bytes: RawSpan) throws(WireError) -> String {
    String(copyingUTF8: try ItemError(decoding: bytes).reason)
  }
}
