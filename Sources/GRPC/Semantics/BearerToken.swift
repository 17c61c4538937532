internal import HTTP2

/// A bearer token (RFC 6750, section 2.1), which travels as the metadata
/// `authorization: Bearer TOKEN`. Whoever holds it may use it, so it is never shown.
public struct BearerToken: Sendable, Hashable {
  /// The longest token: with the rest of a request's head it must fit what servers take.
  public static let bytesMax = 4096

  /// The longest value of the metadata, with the scheme before the token.
  public static let headerValueMaxBytes = "Bearer ".utf8.count + bytesMax

  /// The metadata's name.
  public static let metadataName = "authorization"

  /// The token itself, without `Bearer`.
  public let bytes: [UInt8]

  /// - Parameter bytes: 1...`bytesMax` bytes of `A-Z a-z 0-9 - . _ ~ + / =` (RFC 6750, `b64token`).
  public init(_ bytes: [UInt8]) throws(BearerTokenError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.bytesMax else { throw .tooLong }
    guard bytes.allSatisfy(Self.isTokenByte) else { throw .invalidCharacter }
    self.bytes = bytes
  }

  /// What the metadata's value is.
  public var headerValue: [UInt8] { Array("Bearer ".utf8) + self.bytes }

  /// The token in the value of an `authorization` header; nil where the scheme, whose case does not
  /// matter (RFC 9110, section 11.1), is another one or nothing follows it.
  @_lifetime(copy value)
  public static func token(in value: RawSpan) -> RawSpan? {
    let scheme: StaticString = "bearer"
    let length = scheme.utf8CodeUnitCount
    guard value.byteCount > length + 1, value.byteCount <= Self.headerValueMaxBytes,
      value.unsafeLoad(fromByteOffset: length, as: UInt8.self) == UInt8(ascii: " ")
    else { return nil }
    let isBearer = scheme.withUTF8Buffer { name in
      name.indices.allSatisfy { index in
        // Only a letter becomes a lower-case letter by this bit.
        value.unsafeLoad(fromByteOffset: index, as: UInt8.self) | 0x20 == name[index]
      }
    }
    return isBearer ? value.extracting((length + 1)...) : nil
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "-._~+/=".utf8.contains(byte)
    }
  }
}

/// Why bytes are no bearer token. None of the cases tells the bytes.
public enum BearerTokenError: Error, Sendable {
  case empty
  /// More than `BearerToken.bytesMax` bytes.
  case tooLong
  /// A byte that cannot be part of a token, such as a space.
  case invalidCharacter
}

extension BearerToken: CustomStringConvertible {
  /// Not the token: descriptions end up in logs.
  public var description: String { "BearerToken(\(self.bytes.count) bytes)" }
}
