internal import Wire

// `repeated fixed64`, which lists of ranges are made of.

extension WireReader {
  /// Adds the field's values: all of them at once ("packed"), or one, which readers must take as well
  /// (protobuf.dev, "Encoding", "Packed Repeated Fields").
  @_lifetime(self: copy self)
  mutating func fixed64s(_ field: WireField, to values: inout [UInt64]) throws(WireError) {
    guard field.type == .lengthDelimited else {
      return values.append(try self.fixed64(field))
    }
    let packed = try self.bytes(field)
    guard packed.byteCount.isMultiple(of: 8) else { throw .truncated }
    values.reserveCapacity(values.count + packed.byteCount / 8)
    for offset in stride(from: 0, to: packed.byteCount, by: 8) {
      // The count is a multiple of eight, and every bit pattern is a UInt64.
      let value = packed.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      values.append(UInt64(littleEndian: value))
    }
  }
}

extension FieldSink where Self: ~Copyable & ~Escapable {
  /// All values in one field.
  @_lifetime(self: copy self)
  mutating func fixed64s(field: Int, _ values: [UInt64]) {
    guard !values.isEmpty else { return }
    self.lengthPrefix(field: field, size: 8 * values.count)
    for value in values { self.append(fixed64: value) }
  }
}
