import Testing

@testable import Etcd

/// Whether the stream is alive, and whether etcd is the one that it was.
@Suite struct WatchHistoryTests {
  private let one = WatchID(rawValue: 1)
  private let two = WatchID(rawValue: 2)

  // MARK: - Signs of life

  @Test func `a silent stream is asked, and dropped when its member does not answer`() {
    var machine = Machine.active(one)
    #expect(machine.tick(4.9) == ([], 5))
    #expect(machine.tick(5) == ([.send(.progress)], 8))
    #expect(machine.tick(7.9) == ([], 8))
    #expect(machine.tick(8) == ([.probe], 11))
    #expect(machine.tick(9).0 == [])
    #expect(machine.base.probeFailed() == [.drop(.silent)])
    #expect(machine.base.probeFailed() == [])
  }

  @Test func `whatever comes is a sign of life`() {
    for response in [Response.progress(revision: 10), .events(1, 11), .events(99, 5)] {
      var machine = Machine.active(one)
      #expect(machine.tick(5).0 == [.send(.progress)])
      _ = machine.receive(response, at: 6)
      #expect(machine.tick(10.9) == ([], 11))
      #expect(machine.tick(11).0 == [.send(.progress)])
    }
  }

  @Test func `a stream that is silent though its member answers is stuck`() {
    var machine = Machine.active(one)
    _ = machine.tick(5)
    _ = machine.tick(8)
    // The watch began at 11, so that etcd has no reason to keep silent.
    #expect(machine.probed(11, at: 9) == [.drop(.silent)])
  }

  @Test func `a member may be silent about a watch that starts in the future`() {
    var machine = Machine.active(one)
    _ = machine.tick(5)
    _ = machine.tick(8)
    #expect(machine.probed(10, at: 9) == [])
    #expect(machine.tick(13.9) == ([], 14))
    #expect(machine.tick(14).0 == [.send(.progress)])
  }

  @Test func `a watch that is not created in time is a stuck stream`() {
    var machine = Machine()
    _ = machine.open()
    _ = machine.add(one, from: 11)
    _ = machine.tick(5)
    _ = machine.tick(8)
    #expect(machine.probed(10, at: 9) == [.drop(.silent)])
  }

  @Test func `a late probe of a stream that has spoken meanwhile changes nothing`() {
    var machine = Machine.active(one)
    _ = machine.tick(5)
    _ = machine.tick(8)
    _ = machine.receive(.progress(revision: 11), at: 8.5)
    #expect(machine.probed(11, at: 9) == [])
  }

  @Test func `without a stream nothing is due`() {
    var machine = Machine()
    #expect(machine.tick(100) == ([], nil))
    #expect(machine.probed(1, at: 100) == [])
    #expect(machine.base.probeFailed() == [])
  }

  // MARK: - Another history

  @Test func `a member that is behind is asked what its leader knows, and is believed`() {
    var machine = Machine()
    _ = machine.add(one, from: 11)
    _ = machine.open()
    #expect(machine.receive(.created(1, revision: 8)) == [.probe])
    // The leader has it all: the member only lags.
    #expect(machine.probed(12, at: 1) == [])
    #expect(machine.receive(.events(1, 11)) == [.deliver(one, .of(11))])
  }

  @Test func `a revision that has gone back ends the watches that saw more`() {
    var machine = Machine()
    _ = machine.add(one, from: 11)
    _ = machine.add(two, from: 3)
    _ = machine.open()
    #expect(machine.receive(.created(1, revision: 4)) == [.probe])
    #expect(machine.receive(.created(2, revision: 4)) == [])
    let effects = machine.probed(4, at: 1)
    #expect(
      effects == [
        .send(.cancel(WireWatchID(rawValue: 1))), .end(one, .newHistory(seen: 10, found: 4)),
      ])
    #expect(machine.receive(.events(2, 5)) == [.deliver(two, .of(5))])
  }

  @Test func `a watch that follows a list of the present is in this history`() {
    var machine = Machine.active(one)
    // 11 is to come; 10 has been seen.
    #expect(machine.base.stream?.isProbing == false)
    #expect(machine.receive(.created(1, revision: 10)) == [.drop(.unexpectedCreation)])
  }

  @Test func `another cluster is another history, whatever its revision`() {
    var machine = Machine.active(one)
    _ = machine.add(two, from: 11)
    machine.base.streamClosed()
    _ = machine.open()
    // The answers are in the order of the watches; the first one is a stranger's.
    var response = Response.created(3, revision: 900)
    response.header.clusterID = 77
    #expect(
      machine.receive(response) == [
        .end(one, .newHistory(seen: 10, found: 900)),
        .end(two, .newHistory(seen: 10, found: 900)), .send(.cancel(WireWatchID(rawValue: 3))),
      ])
    #expect(!machine.base.isWanted)
    // Whoever lists again and watches anew is served.
    _ = machine.add(WatchID(rawValue: 3), from: 901)
    #expect(machine.base.isWanted && machine.base.clusterID == 77)
  }
}
