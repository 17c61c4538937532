import Wire

/// A message with one field of each type, and itself as its last field.
struct Sample: WireMessage {
  var uint64: UInt64 = 0
  var int64: Int64 = 0
  var uint32: UInt32 = 0
  var int32: Int32 = 0
  var sint64: Int64 = 0
  var bool = false
  var fixed64: UInt64 = 0
  var fixed32: UInt32 = 0
  var bytes: [UInt8] = []
  var string = ""
  var children: [Sample] = []

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint64(field: 1, self.uint64)
    sink.int64(field: 2, self.int64)
    sink.uint32(field: 3, self.uint32)
    sink.int32(field: 4, self.int32)
    sink.sint64(field: 5, self.sint64)
    sink.bool(field: 6, self.bool)
    sink.fixed64(field: 7, self.fixed64)
    sink.fixed32(field: 8, self.fixed32)
    sink.bytes(field: 9, self.bytes.span.bytes)
    sink.string(field: 10, self.string)
    for child in self.children { sink.message(field: 16, child) }
  }
}

extension Sample: Equatable {
  init(decoding bytes: [UInt8]) throws(WireError) {
    self = try Self(from: WireReader(bytes.span.bytes))
  }

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.uint64 = try reader.uint64(field)
      case 2: self.int64 = try reader.int64(field)
      case 3: self.uint32 = try reader.uint32(field)
      case 4: self.int32 = try reader.int32(field)
      case 5: self.sint64 = try reader.sint64(field)
      case 6: self.bool = try reader.bool(field)
      case 7: self.fixed64 = try reader.fixed64(field)
      case 8: self.fixed32 = try reader.fixed32(field)
      case 9: self.bytes = [UInt8](copying: try reader.bytes(field))
      case 10: self.string = String(copyingUTF8: try reader.string(field))
      case 16: self.children.append(try Sample(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  /// Every field set, with negative and wide values and a nested message.
  static let full = Sample(
    uint64: 300, int64: -1, uint32: 7, int32: -2, sint64: -3, bool: true, fixed64: 0x0102,
    fixed32: 5, bytes: [0xff, 0x00], string: "käse", children: [Sample(), Sample(uint64: 1)])

  /// `full`, by hand.
  static let fullBytes: [UInt8] =
    [0x08, 0xac, 0x02]  // 1: 300
    + [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]  // 2: -1
    + [0x18, 0x07]  // 3: 7
    + [0x20, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]  // 4: -2
    + [0x28, 0x05]  // 5: zigzag of -3
    + [0x30, 0x01]  // 6: true
    + [0x39, 0x02, 0x01, 0, 0, 0, 0, 0, 0]  // 7: fixed64
    + [0x45, 0x05, 0, 0, 0]  // 8: fixed32
    + [0x4a, 0x02, 0xff, 0x00]  // 9: bytes
    + [0x52, 0x05, 0x6b, 0xc3, 0xa4, 0x73, 0x65]  // 10: "käse"
    + [0x82, 0x01, 0x00]  // 16: an empty message; the tag takes two bytes
    + [0x82, 0x01, 0x02, 0x08, 0x01]  // 16: a message whose field 1 is 1
}
