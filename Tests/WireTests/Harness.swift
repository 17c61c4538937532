import Wire

/// What `write` puts into an output of ample size.
func written(_ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
    var output = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
    write(&output)
    count = output.finalize(for: UnsafeMutableRawBufferPointer(buffer))
  }
}

/// The error that reading one field's tag and skipping its value ends with, or nil.
func failureSkipping(_ bytes: [UInt8]) -> WireError? {
  var reader = WireReader(bytes.span.bytes)
  do throws(WireError) {
    if let field = try reader.nextField() { try reader.skip(field) }
    return nil
  } catch {
    return error
  }
}

/// The error that reading one bare varint ends with, or nil.
func failureReadingVarint(_ bytes: [UInt8]) -> WireError? {
  var reader = WireReader(bytes.span.bytes)
  do throws(WireError) {
    _ = try reader.varint()
    return nil
  } catch {
    return error
  }
}
