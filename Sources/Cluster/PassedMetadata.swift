internal import GRPC
internal import HTTP2

/// What of a client's metadata the owner of its keys is to see: the trace that the call is a part of, and
/// what the client has added of its own. Credentials are not passed on: a node shows its own.
struct PassedMetadata {
  /// For what is not the trace's, as a header list is counted.
  let bytesMax: Int

  /// W3C asks for no more (Trace Context, section 3.3.1.5); peers have a limit for all headers.
  private static let traceStateMaxBytes = 512
  /// Of the client's own: peers have a limit for the number of headers, too (`headers-max`).
  private static let fieldsMax = 64

  /// What goes along with the forward of a call.
  func of(_ call: borrowing UnaryCall) -> Metadata {
    let isOwn = self.isOwn(call)
    guard call.isTraced || isOwn else { return Metadata() }
    var passed = Metadata()
    if call.isTraced { Self.addTrace(of: call.metadata, to: &passed) }
    if isOwn { self.addOwn(of: call.metadata, to: &passed) }
    return passed
  }

  /// Whether a call has metadata that makes it one that shares nothing with others.
  func isOf(_ call: borrowing UnaryCall) -> Bool { call.isTraced || self.isOwn(call) }

  /// Looks at the names only: a call that has none of its own costs no more.
  private func isOwn(_ call: borrowing UnaryCall) -> Bool {
    self.bytesMax > 0 && call.metadata.contains { !Self.isUsual($0) }
  }

  private static func addTrace(of metadata: borrowing MetadataView, to passed: inout Metadata) {
    guard let parent = metadata.first("traceparent") else { return }
    self.add("traceparent", parent, to: &passed)
    if let state = metadata.first("tracestate"), state.byteCount <= self.traceStateMaxBytes {
      self.add("tracestate", state, to: &passed)
    }
  }

  private static func add(_ name: String, _ value: RawSpan, to metadata: inout Metadata) {
    let bytes = value.withUnsafeBytes { Array($0) }
    if Metadata.isValid(name, bytes) { metadata.add(name, bytes: bytes) }
  }

  private func addOwn(of metadata: borrowing MetadataView, to passed: inout Metadata) {
    var (bytes, fields) = (0, 0)
    for field in metadata.copy().fields where !Self.isUsual(field.name.utf8Span.span.bytes) {
      let value = field.name.hasSuffix("-bin") ? (field.value.count + 2) / 3 * 4 : field.value.count
      // RFC 9113, section 6.5.2.
      let size = field.name.utf8.count + value + 32
      guard bytes + size <= self.bytesMax, fields < Self.fieldsMax else { continue }
      bytes += size
      fields += 1
      passed.add(field.name, bytes: field.value)
    }
  }

  /// A name that nearly every call has, or that is this node's to set. Others that belong to HTTP, and
  /// that no call should have, `MetadataView.copy` leaves out.
  private static func isUsual(_ name: RawSpan) -> Bool {
    guard name.byteCount > 1 else { return false }
    switch name.unsafeLoad(fromByteOffset: 0, as: UInt8.self) {
    case UInt8(ascii: ":"): return true
    case UInt8(ascii: "a"): return name.equals("authorization")
    case UInt8(ascii: "c"): return name.equals("content-type")
    case UInt8(ascii: "g"): return name.byteCount >= 5 && name.extracting(..<5).equals("grpc-")
    case UInt8(ascii: "l"): return name.byteCount >= 7 && name.extracting(..<7).equals("larder-")
    case UInt8(ascii: "p"): return name.equals("proxy-authorization")
    case UInt8(ascii: "t"):
      return name.equals("te") || name.equals("traceparent") || name.equals("tracestate")
    case UInt8(ascii: "u"): return name.equals("user-agent")
    default: return false
    }
  }
}
