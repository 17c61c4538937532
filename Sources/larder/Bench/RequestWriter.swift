import LarderAPI
import NIOCore
import Wire

/// Draws what calls are about and writes their messages, one after the other into one buffer: once
/// that has grown to the largest message, a call costs no allocation.
struct RequestWriter {
  private let plan: BenchPlan
  private let picker: KeyPicker
  private let namespace: [UInt8]
  /// What values are made of; a value is the beginning of it.
  private let values: [UInt8]
  private var random: SplitMix64
  private var key: KeyText
  /// Of the batch being written.
  private var numbers: [Int] = []

  /// - Parameter worker: whose calls these are; each worker draws others.
  init(plan: BenchPlan, worker: Int) {
    self.plan = plan
    self.picker = KeyPicker(count: plan.keys, distribution: plan.distribution, seed: plan.seed)
    self.namespace = Array(plan.namespace.utf8)
    self.random = SplitMix64(seed: SplitMix64.mixed(plan.seed) ^ UInt64(worker))
    self.key = KeyText(size: plan.keySizeBytes)
    var bytes = SplitMix64(seed: plan.seed)
    // Not compressible, and not all the same, as values in a cache are.
    self.values = (0..<plan.valueSizesBytes.upperBound).map { _ in
      UInt8(truncatingIfNeeded: bytes.next())
    }
    self.numbers.reserveCapacity(plan.batch)
  }

  /// The next call's kind.
  mutating func nextKind() -> CallKind {
    self.plan.mix.next(using: &self.random)
  }

  /// Writes the next message of this kind.
  ///
  /// - Returns: how many entries it is about.
  mutating func write(_ kind: CallKind, into buffer: inout ByteBuffer) -> Int {
    buffer.clear()
    if kind.isBatch {
      self.numbers.removeAll(keepingCapacity: true)
      for _ in 0..<self.plan.batch {
        self.numbers.append(self.plan.number(of: self.picker.next(using: &self.random)))
      }
      self.writeBatch(kind, into: &buffer)
      return self.plan.batch
    }
    let number = self.plan.number(of: self.picker.next(using: &self.random))
    self.key.set(number, purpose: kind == .increment ? .counter : .value)
    self.writeSingle(kind, number: number, into: &buffer)
    return 1
  }

  /// Writes a SetMany of these keys, by their places among all.
  mutating func writePreload(_ keys: Range<Int>, into buffer: inout ByteBuffer) {
    buffer.clear()
    self.numbers.removeAll(keepingCapacity: true)
    for key in keys { self.numbers.append(self.plan.number(of: key)) }
    self.writeBatch(.setMany, into: &buffer)
  }

  private func writeSingle(_ kind: CallKind, number: Int, into buffer: inout ByteBuffer) {
    let (key, namespace) = (self.key.bytes.span.bytes, self.namespace.span.bytes)
    switch kind {
    case .get:
      Self.append(GetRequest(key: key, namespace: namespace), to: &buffer)
    case .set:
      let value = self.values.span.bytes.extracting(first: self.plan.valueSize(of: number))
      Self.append(SetRequest(key: key, value: value, namespace: namespace), to: &buffer)
    case .delete:
      Self.append(DeleteRequest(key: key, namespace: namespace), to: &buffer)
    case .increment:
      Self.append(IncrementRequest(key: key, delta: 1, namespace: namespace), to: &buffer)
    case .touch:
      Self.append(TouchRequest(key: key, namespace: namespace), to: &buffer)
    case .getMany, .setMany:
      preconditionFailure("a batch is written by writeBatch")
    }
  }

  private static func append<Message: WireMessage & ~Copyable & ~Escapable>(
    _ message: borrowing Message, to buffer: inout ByteBuffer
  ) {
    buffer.writeWithOutputRawSpan(minimumWritableBytes: message.encodedSize) { output in
      message.encode(into: &output)
    }
  }

  private mutating func writeBatch(_ kind: CallKind, into buffer: inout ByteBuffer) {
    var counter = SizeCounter()
    self.encodeBatch(kind, into: &counter)
    buffer.writeWithOutputRawSpan(minimumWritableBytes: counter.size) { output in
      self.encodeBatch(kind, into: &output)
    }
  }

  @_lifetime(sink: copy sink)
  private mutating func encodeBatch<Sink: FieldSink & ~Copyable & ~Escapable>(
    _ kind: CallKind, into sink: inout Sink
  ) {
    for number in self.numbers {
      self.key.set(number)
      if kind == .getMany {
        GetManyRequest.encode(key: self.key.bytes.span.bytes, into: &sink)
      } else {
        let value = self.values.span.bytes.extracting(first: self.plan.valueSize(of: number))
        let item = SetRequest(
          key: self.key.bytes.span.bytes, value: value, namespace: RawSpan())
        SetManyRequest.encode(item: item, into: &sink)
      }
    }
    if kind == .getMany {
      GetManyRequest.encode(namespace: self.namespace.span.bytes, into: &sink)
    } else {
      SetManyRequest.encode(namespace: self.namespace.span.bytes, into: &sink)
    }
  }
}
