internal import GRPC
internal import LarderAPI
internal import NIOCore

/// One message on its way to the owner of its keys.
struct Forward {
  /// Who wants the answer.
  enum Requester {
    /// A client's call, which is answered with the very bytes of the owner's answer.
    case call(ParkedCall)
    /// A part of a batch, by its number there.
    case part(BatchCall, Int)
    /// Reads that have waited for another one of the same to come back; they are kept in the table as
    /// well, each under its own tag.
    case readers(ReadFlights.ID)
  }

  let requester: Requester
  let method: CacheMethod
  let link: PeerLink
  /// When the answer is no longer waited for, and whether that is because of the client's deadline.
  let deadline: NIODeadline
  let isClientDeadline: Bool
  /// Of a read: its flight, or the one whose return it waits for.
  var flight: ReadFlights.ID?
  /// The message has been sent before, or the ring was looked at anew.
  var isSecondTry: Bool
  /// Where and when it was sent; nil while it waits for a connection.
  var sent: (connection: ClientConnection, id: CallID, at: NIODeadline)?
  /// The call that a read shares with others, by its tag; nil: it is sent by itself.
  var readCall: UInt64?

  /// Somebody still waits for the answer.
  var isWanted: Bool {
    switch self.requester {
    case .call(let parked): parked.isWaiting
    case .part(let batch, _): batch.isWanted
    // The call is cancelled when the last of them leaves.
    case .readers: true
    }
  }
}

/// The forwards under way, each in a slot that the next one may use. Tags are never used twice, so that
/// what comes late for one finds nothing.
struct ForwardTable {
  private var slots: [(generation: UInt32, forward: Forward?)] = []
  private var free: [Int] = []

  /// Forwards under way.
  var count: Int { self.slots.count - self.free.count }

  /// The tag under which the next forward will be kept.
  var nextTag: UInt64 {
    let slot = self.free.last ?? self.slots.count
    return self.tag(slot, slot < self.slots.count ? self.slots[slot].generation : 0)
  }

  /// Keeps `forward` under `nextTag`.
  mutating func insert(_ forward: consuming Forward) {
    if let slot = self.free.popLast() {
      self.slots[slot].forward = consume forward
    } else {
      self.slots.append((0, consume forward))
    }
  }

  /// The forward under `tag`, and takes it out.
  mutating func remove(_ tag: UInt64) -> Forward? {
    guard let slot = self.slot(tag), let forward = self.slots[slot].forward.take() else {
      return nil
    }
    // 2^31 forwards in one slot take hours, and no answer is as late. The top bit is the batches'.
    self.slots[slot].generation = (self.slots[slot].generation + 1) & 0x7fff_ffff
    self.free.append(slot)
    return forward
  }

  /// Whether the forward under `tag` is still under way.
  func has(_ tag: UInt64) -> Bool {
    guard let slot = self.slot(tag) else { return false }
    return self.slots[slot].forward != nil
  }

  /// The forward under `tag`, if it is still under way, was sent, with others where `call` says so.
  mutating func sent(
    _ tag: UInt64, _ sent: (ClientConnection, CallID, NIODeadline), sharing call: UInt64?
  ) {
    guard let slot = self.slot(tag) else { return }
    self.slots[slot].forward?.sent = sent
    self.slots[slot].forward?.readCall = call
  }

  /// The forward under `tag`.
  subscript(tag: UInt64) -> Forward? { self.slot(tag).flatMap { self.slots[$0].forward } }

  private func slot(_ tag: UInt64) -> Int? {
    let slot = Int(tag & 0xffff_ffff)
    guard slot < self.slots.count, self.slots[slot].generation == UInt32(tag >> 32) else {
      return nil
    }
    return slot
  }

  private func tag(_ slot: Int, _ generation: UInt32) -> UInt64 {
    UInt64(generation) << 32 | UInt64(slot)
  }
}
