import HTTP2
import NIOCore
import Wire

@testable import GRPC

extension FuzzTarget {
  /// Message prefixes, and the small encodings of headers.
  static let framing = FuzzTarget(
    name: "framing",
    seeds: [
      [0, 0, 0, 0, 2, 1, 2], [1, 0, 0, 0, 0], Array("100m".utf8), Array("aGVsbG8=".utf8),
      Array("100%25 %E2%98%83".utf8),
    ]
  ) { input in
    let bytes = input.span.bytes
    for isEnd in [false, true] {
      do throws(FramingError) {
        let prefix = try MessagePrefix.unary(
          bytes, isEnd: isEnd, messageMaxBytes: 1000, encoding: isEnd ? .gzip : .identity)
        if let prefix {
          precondition(prefix.length <= 1000 && input.count == 5 + prefix.length)
        }
      } catch {
        precondition(!error.status.message.isEmpty)
      }
    }
    if let decoded = Base64.decode(bytes) {
      precondition(Base64.decode(Base64.encode(decoded).span.bytes) == decoded)
    }
    do throws(WireError) { _ = try StatusDetails.details(in: bytes) } catch {
      // Refused.
    }
    let text = PercentEncoding.decode(bytes)
    precondition(PercentEncoding.decode(PercentEncoding.encode(text).span.bytes) == text)
    if let timeout = Timeout.parse(bytes) {
      precondition(timeout >= .zero)
      precondition(Timeout.parse(Array(Timeout.format(timeout).utf8).span.bytes) != nil)
    }
  }

  /// The head of a request, made of any fields: each is a length, a name and a value.
  static let requestHead = FuzzTarget(
    name: "request-head",
    seeds: [
      packed([
        (":method", "POST"), (":path", "/t.S/M"), ("content-type", "application/grpc+proto"),
        ("grpc-timeout", "10S"), ("grpc-encoding", "gzip"), ("x-bin", "AAE,AgM="),
      ])
    ]
  ) { input in
    var reader = InputReader(input)
    var fields: [(name: String, value: [UInt8])] = []
    while !reader.isEmpty && fields.count < 200 {
      let name = reader.bytes(Int(reader.byte()))
      fields.append(
        (String(decoding: name, as: UTF8.self).lowercased(), reader.bytes(Int(reader.byte()))))
    }
    let record = recorded(fields)
    do throws(RequestHead.Refusal) {
      let head = try RequestHead.parse(HeaderFields(record.span.bytes), table)
      precondition(head.method == 0)
    } catch {
      // Refused.
    }
    let metadata = MetadataView(HeaderFields(record.span.bytes)).copy()
    precondition(metadata.fields.allSatisfy { !Metadata.isReserved($0.name) })
  }
}

private let table = MethodTable(["/t.S/M"])

/// As `HeaderBlock` records fields.
private func recorded(_ fields: [(name: String, value: [UInt8])]) -> [UInt8] {
  fields.flatMap { field in
    littleEndian(field.name.utf8.count) + littleEndian(field.value.count) + Array(field.name.utf8)
      + field.value
  }
}

private func littleEndian(_ count: Int) -> [UInt8] {
  (0..<4).map { UInt8(count >> (8 * $0) & 0xff) }
}

private func packed(_ fields: [(String, String)]) -> [UInt8] {
  fields.flatMap {
    [UInt8($0.utf8.count)] + Array($0.utf8) + [UInt8($1.utf8.count)] + Array($1.utf8)
  }
}
