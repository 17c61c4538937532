import Testing

@testable import Cluster

/// Every event in every state.
@Suite struct MigrationStreamTests {
  enum State: CaseIterable {
    case opening, sending, waiting, lastSent, paused, done
  }

  private typealias Fault = MigrationStream.Fault

  /// With a window of two. Batches 6 and 7 are the ones that count.
  private func stream(_ state: State) throws -> MigrationStream {
    var stream = MigrationStream(window: 2)
    guard state != .opening else { return stream }
    try stream.start(after: 5)
    switch state {
    case .opening: break
    case .sending: stream.sent(isLast: false)
    case .waiting:
      stream.sent(isLast: false)
      stream.sent(isLast: false)
    case .lastSent: stream.sent(isLast: true)
    case .paused:
      stream.sent(isLast: false)
      stream.setPaused(true)
    case .done:
      stream.sent(isLast: true)
      try stream.acknowledge(6)
    }
    return stream
  }

  private func fault(_ body: () throws(MigrationStream.Fault) -> Void) -> MigrationStream.Fault? {
    do throws(MigrationStream.Fault) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test func `what is to be done in each state`() throws {
    let steps: [State: MigrationStream.Step] = [
      .opening: .wait, .sending: .send(7), .waiting: .wait, .lastSent: .wait, .paused: .rest,
      .done: .end,
    ]
    for state in State.allCases { #expect(try self.stream(state).step == steps[state], "\(state)") }
  }

  @Test(arguments: State.allCases)
  func `a heir starts once`(state: State) throws {
    var stream = try self.stream(state)
    let fault = self.fault { () throws(MigrationStream.Fault) in try stream.start(after: 0) }
    #expect(fault == (state == .opening ? nil : .startedTwice))
    if state == .opening { #expect(stream.step == .send(1)) }
  }

  @Test func `a start behind a batch that no migration comes to is refused`() {
    var stream = MigrationStream(window: 1)
    let fault = self.fault { () throws(MigrationStream.Fault) in try stream.start(after: .max) }
    #expect(fault == .startedWrongly(.max) && stream.step == .wait)
  }

  @Test(arguments: State.allCases)
  func `the next batch is acknowledged`(state: State) throws {
    var stream = try self.stream(state)
    let fault = self.fault { () throws(MigrationStream.Fault) in try stream.acknowledge(6) }
    switch state {
    case .opening: #expect(fault == .notStarted)
    case .sending: #expect(fault == nil && stream.step == .send(7))
    case .waiting: #expect(fault == nil && stream.step == .send(8))
    case .lastSent: #expect(fault == nil && stream.step == .end)
    case .paused: #expect(fault == nil && stream.step == .rest)
    case .done: #expect(fault == .acknowledgedWrongly(6))
    }
  }

  @Test(arguments: State.allCases, [0, 5, 9] as [UInt64])
  func `a batch that was not sent, or was acknowledged, is not acknowledged`(
    state: State, number: UInt64
  ) throws {
    var stream = try self.stream(state)
    let before = stream
    let fault = self.fault { () throws(MigrationStream.Fault) in try stream.acknowledge(number) }
    #expect(fault == (state == .opening ? .notStarted : .acknowledgedWrongly(number)))
    #expect(stream == before)
  }

  @Test func `one acknowledgement stands for all batches up to it`() throws {
    var stream = try self.stream(.waiting)
    try stream.acknowledge(7)
    stream.sent(isLast: false)
    #expect(stream.step == .send(9))
  }

  @Test(arguments: State.allCases)
  func `an operator has it rest, and go on where it was`(state: State) throws {
    var stream = try self.stream(state)
    stream.setPaused(true)
    let rests = state != .opening && state != .done
    #expect((stream.step == .rest) == rests)
    stream.setPaused(false)
    #expect(try state == .paused || stream == self.stream(state))
    if state == .paused { #expect(stream.step == .send(7)) }
  }

  @Test func `the last batch may be acknowledged while it rests`() throws {
    var stream = try self.stream(.lastSent)
    stream.setPaused(true)
    try stream.acknowledge(6)
    #expect(stream.step == .end)
  }

  @Test func `a stream that is paused before it starts is paused by the next look at it`() throws {
    var stream = MigrationStream(window: 2)
    stream.setPaused(true)
    try stream.start(after: 0)
    stream.setPaused(true)
    #expect(stream.step == .rest)
  }

  @Test(arguments: State.allCases)
  func `a heir may leave when it has everything`(state: State) throws {
    let stream = try self.stream(state)
    let fault = self.fault { () throws(MigrationStream.Fault) in try stream.heirLeft() }
    #expect(fault == (state == .done ? nil : .leftEarly))
  }

  @Test func `a batch is sent when it is to be, and the window and the last one end that`() throws {
    var stream = try self.stream(.sending)
    stream.sent(isLast: false)
    #expect(stream.step == .wait)
    var other = try self.stream(.sending)
    other.sent(isLast: true)
    #expect(other.step == .wait)
    try other.acknowledge(6)
    #expect(other.step == .wait)
    try other.acknowledge(7)
    #expect(other.step == .end)
  }

  @Test func `a batch that was not to be sent is a bug of ours`() async {
    await #expect(processExitsWith: .failure) {
      var stream = MigrationStream(window: 1)
      stream.sent(isLast: false)
    }
    await #expect(processExitsWith: .failure) {
      var stream = MigrationStream(window: 1)
      try stream.start(after: 0)
      stream.sent(isLast: false)
      stream.sent(isLast: false)
    }
    await #expect(processExitsWith: .failure) {
      var stream = MigrationStream(window: 2)
      try stream.start(after: 0)
      stream.setPaused(true)
      stream.sent(isLast: false)
    }
    await #expect(processExitsWith: .failure) {
      var stream = MigrationStream(window: 1)
      try stream.start(after: 0)
      stream.sent(isLast: true)
      try stream.acknowledge(1)
      stream.sent(isLast: false)
    }
  }
}
