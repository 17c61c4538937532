internal import HTTP2
internal import NIOCore
internal import Wire

/// Collects the reads that one event loop sends to one peer in one turn, so that they share a call. No
/// I/O and no clock; readers are known by their tags.
///
/// GetRequest and KeyBatchRequest number their fields alike: a Get is a GetMany of one key, byte for
/// byte. So a batch is the keys as they came, and then the namespace; one that has stayed alone is
/// the client's own message.
///
/// Replies that are large, or a peer that takes no batches, make the next batches smaller: large
/// values are better sent each by itself, as the client takes them.
struct ReadBatch {
  enum OnRead: Equatable {
    /// It goes out with the batch.
    case added
    /// It goes out with the next one: send this, and ask again.
    case full
    /// It must have a call of its own.
    case alone
  }

  /// The most keys in one call. Beyond that, another key in the same call saves next to nothing.
  static let keysMax = 64
  /// The most bytes of one request.
  static let bytesMax = 16 << 10
  /// Replies above this many bytes make batches smaller.
  static let replyBytesMax = 256 << 10
  /// Reads that go alone before batches are tried again.
  static let pauseReads = 1024

  /// Of the reads collected, in the order of their keys.
  private(set) var readers: [UInt64] = []
  /// The longest of the readers'.
  private(set) var deadline = ForwardDeadline(
    now: .uptimeNanoseconds(0), client: nil, timeout: .zero, margin: .zero)
  private var message: [UInt8] = []
  /// What follows the keys: field 2 with its tag and length, or nothing for the default namespace.
  private var namespace: [UInt8] = []
  private var limit = Self.keysMax
  private var pauseLeft = 0
  /// Arrays of readers whose calls have ended, for the next ones.
  private var spares: [[UInt64]] = []
  private static let sparesMax = 8

  var isEmpty: Bool { self.readers.isEmpty }

  /// A read is about to be sent.
  ///
  /// - Parameters:
  ///   - message: a GetRequest.
  ///   - reader: the tag of the read.
  mutating func read(
    _ message: RawSpan, by reader: UInt64, _ deadline: ForwardDeadline
  ) -> OnRead {
    guard self.isTaken(), message.byteCount <= Self.bytesMax,
      let keyEnd = Self.keyEnd(in: message)
    else { return .alone }
    let namespace = message.extracting(keyEnd...)
    if self.isEmpty {
      self.deadline = deadline
      self.namespace.removeAll(keepingCapacity: true)
      Self.append(namespace, to: &self.namespace)
    } else {
      guard self.readers.count < self.limit,
        self.message.count + message.byteCount <= Self.bytesMax,
        namespace.equals(self.namespace.span.bytes)
      else { return .full }
      if deadline.time > self.deadline.time { self.deadline = deadline }
    }
    Self.append(message.extracting(first: keyEnd), to: &self.message)
    self.readers.append(reader)
    return .added
  }

  private mutating func isTaken() -> Bool {
    guard self.limit == 1 else { return true }
    self.pauseLeft -= 1
    guard self.pauseLeft <= 0 else { return false }
    self.limit = 2
    return true
  }

  /// Where the key with its tag and length ends in a Get that asks for a key and, maybe, names a
  /// namespace; nil: it says something else as well, or says it otherwise.
  private static func keyEnd(in message: RawSpan) -> Int? {
    var reader = WireReader(message)
    do throws(WireError) {
      guard let key = try reader.nextField(), key.number == 1 else { return nil }
      _ = try reader.bytes(key)
      let end = message.byteCount - reader.bytesLeft
      guard let namespace = try reader.nextField() else { return end }
      guard namespace.number == 2 else { return nil }
      _ = try reader.bytes(namespace)
      return reader.bytesLeft == 0 ? end : nil
    } catch {
      // The owner is sent it as it is, and says what is wrong with it.
      return nil
    }
  }

  private static func append(_ bytes: RawSpan, to array: inout [UInt8]) {
    // The closure does not let the pointer out.
    bytes.withUnsafeBytes { array.append(contentsOf: $0) }
  }

  // MARK: - Sending

  /// Ends the batch: calls `send` with its message, and begins the next one.
  ///
  /// - Returns: whose reads it was; to be given back with `recycle`.
  mutating func end(_ send: (RawSpan) -> Void) -> [UInt64] {
    self.message += self.namespace
    send(self.message.span.bytes)
    self.message.removeAll(keepingCapacity: true)
    let readers = self.readers
    self.readers = self.spares.popLast() ?? []
    return readers
  }

  /// Takes an array of readers back whose reads have ended.
  mutating func recycle(_ readers: consuming [UInt64]) {
    guard self.spares.count < Self.sparesMax else { return }
    readers.removeAll(keepingCapacity: true)
    self.spares.append(readers)
  }

  // MARK: - Answers

  /// The peer has answered a call of several reads with this many bytes.
  mutating func answered(bytes: Int) {
    guard bytes > Self.replyBytesMax else {
      // One that was asked before a pause began must not end it.
      if self.limit > 1 { self.limit = min(self.limit * 2, Self.keysMax) }
      return
    }
    self.limit = max(self.limit / 2, 1)
    if self.limit == 1 { self.pauseLeft = Self.pauseReads }
  }

  /// The peer has refused such a call as a whole.
  mutating func refused() {
    self.limit = 1
    self.pauseLeft = Self.pauseReads
  }
}
