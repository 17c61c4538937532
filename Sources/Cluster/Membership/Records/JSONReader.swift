/// A position in a JSON text. Recursive, as deep as `JSONValue.depthMax`.
struct JSONReader {
  private let bytes: [UInt8]
  private var index = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { self.index == self.bytes.count }

  func fault(_ what: String) -> JSONFault { JSONFault(what: what, offset: self.index) }

  mutating func skipSpace() {
    while let byte = self.peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { self.index += 1 }
  }

  mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth <= JSONValue.depthMax else { throw self.fault("nested too deeply") }
    self.skipSpace()
    switch self.peek {
    case UInt8(ascii: "{"): return .object(try self.object(depth: depth))
    case UInt8(ascii: "["): return .array(try self.array(depth: depth))
    case UInt8(ascii: "\""): return .string(try self.string())
    case UInt8(ascii: "t"): return try self.word("true", .bool(true))
    case UInt8(ascii: "f"): return try self.word("false", .bool(false))
    case UInt8(ascii: "n"): return try self.word("null", .null)
    case nil: throw self.fault("the text ends too early")
    case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte):
      return .number(try self.number())
    default: throw self.fault("no JSON value")
    }
  }

  private var peek: UInt8? { self.isAtEnd ? nil : self.bytes[self.index] }

  /// - Returns: whether `byte` was next; then it is read.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard self.peek == UInt8(ascii: byte) else { return false }
    self.index += 1
    return true
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
    guard self.bytes[self.index...].starts(with: word.utf8) else {
      throw self.fault("no JSON value")
    }
    self.index += word.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONFault) -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    self.index += 1
    self.skipSpace()
    if self.take("}") { return members }
    repeat {
      self.skipSpace()
      guard self.peek == UInt8(ascii: "\"") else { throw self.fault("no name of a member") }
      let name = try self.string()
      self.skipSpace()
      guard self.take(":") else { throw self.fault("no colon behind a member's name") }
      let value = try self.value(depth: depth + 1)
      guard members.updateValue(value, forKey: name) == nil else {
        throw self.fault("the member \(JSONValue.quoted(name)) is there twice")
      }
      self.skipSpace()
    } while self.take(",")
    guard self.take("}") else { throw self.fault("an object that does not end") }
    return members
  }

  private mutating func array(depth: Int) throws(JSONFault) -> [JSONValue] {
    var values: [JSONValue] = []
    self.index += 1
    self.skipSpace()
    if self.take("]") { return values }
    repeat {
      values.append(try self.value(depth: depth + 1))
      self.skipSpace()
    } while self.take(",")
    guard self.take("]") else { throw self.fault("an array that does not end") }
    return values
  }

  private mutating func number() throws(JSONFault) -> String {
    let start = self.index
    _ = self.take("-")
    // No leading zeros: 0 stands alone.
    if !self.take("0") { try self.digits() }
    if self.take(".") { try self.digits() }
    if self.take("e") || self.take("E") {
      if !self.take("+") { _ = self.take("-") }
      try self.digits()
    }
    return String(decoding: self.bytes[start..<self.index], as: UTF8.self)
  }

  /// At least one.
  private mutating func digits() throws(JSONFault) {
    let start = self.index
    while let byte = self.peek, Self.isDigit(byte) { self.index += 1 }
    guard self.index > start else { throw self.fault("no digit where a number needs one") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  // MARK: - Strings

  private mutating func string() throws(JSONFault) -> String {
    self.index += 1
    var text: [UInt8] = []
    while let byte = self.peek {
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw self.fault("a string that is not UTF-8")
        }
        self.index += 1
        return string
      case UInt8(ascii: "\\"):
        self.index += 1
        text += String(try self.escape()).utf8
      case 0..<0x20: throw self.fault("a control character in a string")
      default:
        text.append(byte)
        self.index += 1
      }
    }
    throw self.fault("a string that does not end")
  }

  private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
    defer { if !self.isAtEnd { self.index += 1 } }
    switch self.peek {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try self.scalar()
    default: throw self.fault("no escape of JSON")
    }
  }

  /// Ends at the last digit. Beyond the basic plane two escapes make one scalar (RFC 8259, section 7).
  private mutating func scalar() throws(JSONFault) -> Unicode.Scalar {
    let first = try self.unit()
    guard UTF16.isLeadSurrogate(first) else {
      guard let scalar = Unicode.Scalar(first) else { throw self.fault("half a character") }
      return scalar
    }
    self.index += 1
    guard self.take("\\"), self.peek == UInt8(ascii: "u") else {
      throw self.fault("half a character")
    }
    let second = try self.unit()
    guard UTF16.isTrailSurrogate(second) else { throw self.fault("half a character") }
    return UTF16.decode(UTF16.EncodedScalar([first, second]))
  }

  /// From the `u` to the last of its four digits.
  private mutating func unit() throws(JSONFault) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      self.index += 1
      guard let byte = self.peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw self.fault("an escape without four digits")
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
