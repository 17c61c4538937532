internal import CNGHTTP2

/// Header fields to send, laid out once as nghttp2 takes them.
///
///     | nghttp2_nv ... | names and values |     one allocation, written in init only
///
/// `@unchecked Sendable`: nothing writes the memory after `init`.
public final class HeaderList: @unchecked Sendable {
  private let memory: UnsafeMutableRawBufferPointer
  private let isImmortal: Bool
  let count: Int

  /// Lays out `fields` in order. Names are lower case; pseudo-header fields come first.
  ///
  /// An immortal list is never freed, which lets nghttp2 send it without copying: for the few lists
  /// that every call uses (`:status 200`, `grpc-status 0`, the head of a method's requests).
  public init(_ fields: [(name: String, value: [UInt8])], isImmortal: Bool = false) {
    let textBytes = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
    let tableBytes = fields.count * MemoryLayout<nghttp2_nv>.stride
    self.memory = .allocate(
      byteCount: tableBytes + textBytes, alignment: MemoryLayout<nghttp2_nv>.alignment)
    self.count = fields.count
    self.isImmortal = isImmortal
    let noCopy = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
    let flags = isImmortal ? UInt8(noCopy) : UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
    var offset = tableBytes
    for (index, field) in fields.enumerated() {
      let name = self.place(field.name.utf8, at: &offset)
      let value = self.place(field.value, at: &offset)
      let nv = nghttp2_nv(
        name: name, value: value,
        namelen: field.name.utf8.count, valuelen: field.value.count, flags: flags)
      // Inside the table, whose size is that of all fields.
      (self.memory.baseAddress! + index * MemoryLayout<nghttp2_nv>.stride)
        .initializeMemory(as: nghttp2_nv.self, repeating: nv, count: 1)
    }
  }

  /// Lays out fields whose values are text.
  public convenience init(text fields: KeyValuePairs<String, String>, isImmortal: Bool = false) {
    self.init(
      fields.map { (name: $0.key, value: Array($0.value.utf8)) }, isImmortal: isImmortal)
  }

  deinit {
    if !self.isImmortal { self.memory.deallocate() }
  }

  /// The table, valid for as long as the list.
  var pointer: UnsafePointer<nghttp2_nv>? {
    // The memory starts with `count` initialised nghttp2_nv.
    self.memory.baseAddress.map { UnsafePointer($0.assumingMemoryBound(to: nghttp2_nv.self)) }
  }

  private func place(
    _ bytes: some Collection<UInt8>, at offset: inout Int
  ) -> UnsafeMutablePointer<UInt8>? {
    let target = UnsafeMutableRawBufferPointer(rebasing: self.memory[offset...])
    target.copyBytes(from: bytes)
    offset += bytes.count
    // Raw bytes may be looked at as UInt8 at any time.
    return target.baseAddress?.assumingMemoryBound(to: UInt8.self)
  }
}
