internal import HTTP2

/// How the bytes of a message are compressed: the values of `grpc-encoding` that are known here
/// (grpc/grpc, doc/compression.md). The raw value is the name on the wire.
public enum MessageEncoding: String, Sendable, CaseIterable {
  /// Not at all.
  case identity
  /// The zlib format (RFC 1950), which is what HTTP means by the name; not a bare deflate stream.
  case deflate
  /// The gzip format (RFC 1952), one member.
  case gzip

  /// All names, as `grpc-accept-encoding` has them.
  static let accepted = Self.allCases.map(\.rawValue).joined(separator: ",")

  /// The encoding that `name` stands for; nil for one that is not known here.
  init?(_ name: RawSpan) {
    switch name.byteCount {
    case 4 where name.equals("gzip"): self = .gzip
    case 7 where name.equals("deflate"): self = .deflate
    case 8 where name.equals("identity"): self = .identity
    default: return nil
    }
  }
}

/// The encodings that a peer takes, as far as they are known here. `identity` needs no mention: whoever
/// says nothing takes it, and so does everybody else.
struct EncodingSet: OptionSet, Equatable {
  let rawValue: UInt8

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Of one; of none for `identity`, which every set thus contains.
  init(_ encoding: MessageEncoding) {
    switch encoding {
    case .identity: self.init()
    case .deflate: self.init(rawValue: 1)
    case .gzip: self.init(rawValue: 2)
    }
  }

  /// Reads the value of a `grpc-accept-encoding`: names with commas between them. Those that are not
  /// known here are passed over.
  init(list: RawSpan) {
    self.init()
    var start = 0
    for offset in 0...list.byteCount {
      guard offset == list.byteCount || list.byte(offset) == UInt8(ascii: ",") else { continue }
      var (low, high) = (start, offset)
      while low < high && list.byte(low) == UInt8(ascii: " ") { low += 1 }
      while low < high && list.byte(high - 1) == UInt8(ascii: " ") { high -= 1 }
      if let encoding = MessageEncoding(list.extracting(low..<high)) {
        self.insert(Self(encoding))
      }
      start = offset + 1
    }
  }
}

extension RawSpan {
  fileprivate func byte(_ offset: Int) -> UInt8 {
    self.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
