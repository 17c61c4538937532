public import Wire

/// When an entry is to expire, as a write says it: the `expiry` oneof of several requests. The
/// field numbers differ from request to request, so they are arguments here.
@frozen public enum Expiry: Equatable, Sendable {
  /// Nothing was said, or `no_expiry: false`, which means the same.
  case namespaceDefault
  /// Milliseconds from now. 0 can be read and written; the node refuses it.
  case after(milliseconds: UInt64)
  /// Not at all.
  case never

  /// What a `no_expiry` field says.
  @inlinable
  init(noExpiry: Bool) {
    self = noExpiry ? .never : .namespaceDefault
  }

  /// Writes the `ttl_ms` member, if that is the one set.
  @inlinable
  func encodeTTL<Sink: FieldSink & ~Copyable & ~Escapable>(field: Int, into sink: inout Sink) {
    guard case .after(let milliseconds) = self else { return }
    sink.uint64(field: field, milliseconds, presence: .explicit)
  }

  /// Writes the `no_expiry` member, if that is the one set.
  @inlinable
  func encodeNoExpiry<Sink: FieldSink & ~Copyable & ~Escapable>(
    field: Int, into sink: inout Sink
  ) {
    guard case .never = self else { return }
    sink.bool(field: field, true, presence: .explicit)
  }
}
