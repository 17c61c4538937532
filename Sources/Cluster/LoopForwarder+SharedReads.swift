internal import GRPC
internal import LarderAPI
internal import NIOCore
internal import Wire

// Reads that one turn of the loop sends to one peer share a call, a GetMany: most of what a forward
// costs is its HTTP/2 stream. They wait for no more than the end of the turn, when what they are sent
// on is written. `ReadBatch` says which; whatever goes wrong with one is found out by a Get of its own.
extension LoopForwarder {
  /// Puts a read on the list of those that are sent to the same peer at the end of this turn; false: it
  /// is to be sent by itself.
  func shares(
    _ call: borrowing UnaryCall, _ hash: UInt64, _ link: PeerLink, _ deadline: ForwardDeadline
  ) -> Bool {
    // A call belongs to one trace, and has what one client has added.
    guard !self.passed.isOf(call), !self.isSecondTry else { return false }
    var tag = self.forwards.nextTag
    var outcome = link.reads.read(call.message, by: tag, deadline)
    if outcome == .full {
      self.sendReads(to: link, now: call.now)
      tag = self.forwards.nextTag
      outcome = link.reads.read(call.message, by: tag, deadline)
    }
    guard outcome == .added else { return false }
    self.keep(call, .get, link, deadline, tag, hash, sent: nil)
    if link.reads.readers.count == 1 {
      self.linksWithReads.append(link)
      self.flushes.schedule()
    }
    return true
  }

  /// The turn ends.
  func sendReads() {
    guard !self.linksWithReads.isEmpty else { return }
    let now = NIODeadline.now()
    // What ends here, and has others served, may put reads on the lists anew.
    var index = 0
    while index < self.linksWithReads.count {
      self.sendReads(to: self.linksWithReads[index], now: now)
      index += 1
    }
    self.linksWithReads.removeAll(keepingCapacity: true)
  }

  private func sendReads(to link: PeerLink, now: NIODeadline) {
    guard !link.reads.isEmpty else { return }
    let isShared = link.reads.readers.count > 1
    let isWanted = link.reads.readers.contains { self.forwards.has($0) }
    let tag = isShared ? self.nextReadCall() : link.reads.readers[0]
    let (deadline, connection) = (link.reads.deadline, link.ready)
    var id: CallID?
    let readers = link.reads.end { message in
      guard isWanted, let connection else { return }
      let method = isShared ? CacheMethod.getMany : .get
      id = connection.call(
        link.methods[method.rawValue], timeout: deadline.time - now,
        tellsTimeout: deadline.isClients, now: now, size: message.byteCount,
        { $0.append(bytes: message) }, to: self, tag: tag)
    }
    guard let connection, let id else {
      for reader in readers { self.sendAlone(reader) }
      return link.reads.recycle(readers)
    }
    for reader in readers {
      self.forwards.sent(reader, (connection, id, now), sharing: isShared ? tag : nil)
    }
    self.flushes.add(connection)
    guard isShared else { return link.reads.recycle(readers) }
    self.readCalls[tag] = (link, readers)
    self.sharedReads += readers.count
  }

  private func nextReadCall() -> UInt64 {
    self.lastReadCall += 1
    return Self.readCallTags | self.lastReadCall
  }

  // MARK: - Answers

  /// A call that several reads share has ended.
  func receivedReads(_ response: borrowing UnaryResponse, _ tag: UInt64) {
    // The last reader has left, and what was on its way is late.
    guard let (link, readers) = self.readCalls.removeValue(forKey: tag) else { return }
    if response.isOK {
      link.reads.answered(bytes: response.message.byteCount)
      self.tell(readers, ReadReplies(response.message))
    } else if response.isAnswered {
      link.reads.refused()
    } else {
      for reader in readers {
        if let forward = self.forwards.remove(reader) { self.failed(forward, response) }
      }
    }
    // Those without an answer hear the owner's own words.
    for reader in readers { self.sendAlone(reader) }
    link.reads.recycle(readers)
  }

  private func tell(_ readers: [UInt64], _ replies: consuming ReadReplies) {
    for reader in readers {
      guard let reply = replies.next(), let forward = self.forwards.remove(reader),
        case .call(let parked) = forward.requester
      else { continue }
      self.counts.count(.get, .ok)
      parked.resume(flushing: self.flushes) { call in
        call.reply(size: reply.byteCount) { $0.append(bytes: reply) }
      }
      self.landed(forward)
    }
  }

  /// Sends a read once more, or at last, with no others.
  private func sendAlone(_ reader: UInt64) {
    guard let forward = self.forwards.remove(reader) else { return }
    self.sendAgain(forward) { forward in
      if case .call(let parked) = forward.requester { parked.look { $0.count(.peerCallsMax) } }
      self.counts.count(.get, .unreachable)
      let max = self.configuration.callsMax
      self.answer(forward, ForwardFailure.tooManyCalls(forward.link.member, max: max))
    }
  }

  // MARK: - Readers that leave

  /// Whether the call of a forward that is not wanted any more has no other reader, so that it may be
  /// cancelled.
  func isLastReader(_ forward: Forward) -> Bool {
    guard let call = forward.readCall else { return true }
    guard let readers = self.readCalls[call]?.readers else { return false }
    guard !readers.contains(where: { self.forwards.has($0) }) else { return false }
    self.readCalls[call] = nil
    return true
  }
}
