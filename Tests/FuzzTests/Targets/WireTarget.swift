import Wire

extension FuzzTarget {
  /// The reader of the wire format: every accessor on every field, nested and repeated ones too.
  static let wire = FuzzTarget(
    name: "wire",
    seeds: [
      [0x08, 0x96, 0x01], [0x12, 0x03, 0x61, 0x62, 0x63], [0x1a, 0x02, 0x08, 0x01],
      [0x25, 1, 2, 3, 4, 0x29, 1, 2, 3, 4, 5, 6, 7, 8],
    ]
  ) { input in
    do throws(WireError) { try walk(WireReader(input.span.bytes)) } catch {
      // Refused: that is an answer.
    }
    var reader = WireReader(input.span.bytes)
    do throws(WireError) {
      let before = reader.bytesLeft
      _ = try reader.varint()
      precondition(reader.bytesLeft < before, "a varint has at least one byte")
    } catch {
      // Refused.
    }
  }

  /// UTF-8 validation, against the standard library's.
  static let text = FuzzTarget(
    name: "text", seeds: [Array("grüße, 世界 🙂".utf8), [0xc0, 0x80], [0xed, 0xa0, 0x80]]
  ) { input in
    let isValid = UTF8Validation.isValid(input.span.bytes)
    precondition(isValid == (String(validating: input, as: UTF8.self) != nil))
  }
}

/// Reads each field in the way its wire type allows, and looks into messages.
private func walk(_ reader: consuming WireReader) throws(WireError) {
  var reader = reader
  while let field = try reader.nextField() {
    let left = reader.bytesLeft
    var other = copy reader
    do throws(WireError) { try read(field, &other) } catch {
      // This accessor refuses it; skipping may not.
    }
    try reader.skip(field)
    precondition(reader.bytesLeft < left || left == 0 || field.type == .lengthDelimited)
    precondition(reader.bytesLeft <= left, "a reader only goes forward")
  }
}

private func read(_ field: WireField, _ reader: inout WireReader) throws(WireError) {
  switch field.number % 8 {
  case 0: _ = try reader.uint64(field)
  case 1: _ = try reader.sint64(field)
  case 2: _ = try reader.string(field)
  case 3: try walk(try reader.message(field))
  case 4: _ = try reader.fixed32(field)
  case 5: _ = try reader.fixed64(field)
  case 6: _ = try reader.bool(field)
  default: _ = try reader.int32(field)
  }
}
