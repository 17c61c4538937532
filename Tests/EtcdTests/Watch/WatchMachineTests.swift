import Testing

@testable import Etcd

/// One watch of prefix `a`, of which the list was at revision 10.
@Suite struct WatchMachineTests {
  private let one = WatchID(rawValue: 1)
  private let two = WatchID(rawValue: 2)

  // MARK: - Creation

  @Test func `a watch that is added without a stream is created when there is one`() {
    var machine = Machine()
    #expect(!machine.base.isWanted)
    #expect(machine.add(one, from: 11) == [])
    #expect(machine.base.isWanted)
    #expect(machine.open() == [.create(1, from: 11)])
    #expect(machine.add(two, from: 12) == [.create(2, from: 12)])
  }

  @Test func `events are delivered once, and only what is new`() {
    var machine = Machine.active(one)
    #expect(machine.receive(.events(1, 11, 12)) == [.deliver(one, .of(11, 12))])
    #expect(machine.receive(.events(1, 11, 12)) == [])
    #expect(machine.receive(.events(1, 12, 13)) == [.deliver(one, .of(13))])
  }

  @Test func `a watch goes on at the revision after its last event`() {
    var machine = Machine.active(one)
    _ = machine.receive(.events(1, 11, 15, revision: 40))
    machine.base.streamClosed()
    #expect(machine.open() == [.create(2, from: 16)])
  }

  @Test func `a progress reply is a sign of life and no place to go on from`() {
    var machine = Machine.active(one)
    #expect(machine.receive(.progress(revision: 50)) == [])
    // Also one that is about this watch alone.
    #expect(machine.receive(.events(1, revision: 50)) == [])
    machine.base.streamClosed()
    #expect(machine.open() == [.create(2, from: 11)])
  }

  @Test func `a watch of what comes from now on goes on from when it was created`() {
    var machine = Machine()
    _ = machine.add(one, from: 0)
    #expect(machine.open() == [.create(1, from: 0)])
    #expect(machine.receive(.created(1, revision: 30)) == [])
    machine.base.streamClosed()
    #expect(machine.open() == [.create(2, from: 31)])
  }

  @Test func `answers belong to watches in the order in which these were asked for`() {
    var machine = Machine()
    _ = machine.open()
    _ = machine.add(one, from: 11)
    _ = machine.add(two, from: 11)
    // An etcd that chooses the ids itself.
    #expect(machine.receive(.created(70, revision: 10)) == [])
    #expect(machine.receive(.created(71, revision: 10)) == [])
    #expect(machine.receive(.events(71, 11)) == [.deliver(two, .of(11))])
    #expect(machine.receive(.events(70, 11)) == [.deliver(one, .of(11))])
  }

  @Test func `an answer that nobody asked for ends the stream`() {
    var machine = Machine.active(one)
    #expect(machine.receive(.created(9, revision: 10)) == [.drop(.unexpectedCreation)])
  }

  @Test func `nothing comes of an answer when the stream is closed`() {
    var machine = Machine.active(one)
    machine.base.streamClosed()
    #expect(machine.receive(.events(1, 11)) == [])
  }

  // MARK: - Fragments

  @Test func `a revision whose events come in pieces is delivered as a whole`() {
    var machine = Machine.active(one)
    #expect(machine.receive(.events(1, 11, 12, isFragment: true)) == [.deliver(one, .of(11))])
    #expect(machine.receive(.events(1, 12, isFragment: true)) == [])
    #expect(machine.receive(.events(1, 12, 13)) == [.deliver(one, .of(12, 12, 12, 13))])
  }

  @Test func `pieces that a closed stream has left are asked for again`() {
    var machine = Machine.active(one)
    _ = machine.receive(.events(1, 11, 12, isFragment: true))
    machine.base.streamClosed()
    #expect(machine.open() == [.create(2, from: 12)])
    #expect(machine.receive(.created(2, revision: 20)) == [])
    #expect(machine.receive(.events(2, 12, 12)) == [.deliver(one, .of(12, 12))])
  }

  @Test func `events that go back in time end the stream`() {
    var machine = Machine.active(one)
    #expect(machine.receive(.events(1, 13, 12)) == [.drop(.eventsOutOfOrder)])
  }

  // MARK: - Ends

  @Test func `a compaction ends the watch, and tells from where on`() {
    var machine = Machine.active(one)
    #expect(machine.receive(.compacted(1, at: 25)) == [.end(one, .compacted(at: 25))])
    #expect(!machine.base.isWanted)
    // What still comes is late.
    #expect(machine.receive(.events(1, 30)) == [])
    machine.base.streamClosed()
    #expect(machine.open() == [])
  }

  @Test func `a watch that etcd cancels ends, with its reason`() {
    var machine = Machine.active(one)
    #expect(
      machine.receive(.cancelled(1, "no more")) == [.end(one, .cancelled(reason: "no more"))])
    var refused = Machine()
    _ = refused.open()
    _ = refused.add(one, from: 11)
    #expect(refused.receive(.refused("bad")) == [.end(one, .cancelled(reason: "bad"))])
  }

  @Test func `late events of a watch that nobody reads any more are dropped`() {
    var machine = Machine.active(one)
    #expect(machine.base.remove(one) == [.send(.cancel(wire(1)))])
    #expect(machine.receive(.events(1, 11)) == [])
    #expect(machine.receive(.cancelled(1, "")) == [])
    #expect(machine.base.remove(one) == [])
  }

  @Test func `a watch that is removed before it was created is cancelled then`() {
    var machine = Machine()
    _ = machine.open()
    _ = machine.add(one, from: 11)
    _ = machine.add(two, from: 11)
    #expect(machine.base.remove(one) == [])
    #expect(machine.receive(.created(1, revision: 10)) == [.send(.cancel(wire(1)))])
    #expect(machine.receive(.created(2, revision: 10)) == [])
    #expect(machine.receive(.events(2, 11)) == [.deliver(two, .of(11))])
  }

  @Test func `a removed watch whose creation was refused needs no cancelling`() {
    var machine = Machine()
    _ = machine.open()
    _ = machine.add(one, from: 11)
    _ = machine.base.remove(one)
    #expect(machine.receive(.refused("bad")) == [])
  }

  // MARK: - Readers that are behind

  @Test func `a paused watch is cancelled, and goes on where it was`() {
    var machine = Machine.active(one)
    _ = machine.receive(.events(1, 11))
    #expect(machine.base.pause(one) == [.send(.cancel(wire(1)))])
    #expect(machine.base.pause(one) == [])
    #expect(machine.receive(.events(1, 12)) == [])
    #expect(machine.base.resume(one) == [.create(2, from: 12)])
    #expect(machine.base.resume(one) == [])
    #expect(machine.receive(.created(2, revision: 12)) == [])
    #expect(machine.receive(.events(1, 12)) == [])
    #expect(machine.receive(.events(2, 12)) == [.deliver(one, .of(12))])
  }

  @Test func `a paused watch is not created on another stream before its reader wants it`() {
    var machine = Machine.active(one)
    _ = machine.base.pause(one)
    machine.base.streamClosed()
    #expect(machine.open() == [])
    #expect(machine.base.resume(one) == [.create(2, from: 11)])
  }

  @Test func `a watch paused and resumed while it is created waits for that answer first`() {
    var machine = Machine()
    _ = machine.open()
    _ = machine.add(one, from: 11)
    #expect(machine.base.pause(one) == [])
    #expect(machine.base.resume(one) == [])
    #expect(
      machine.receive(.created(1, revision: 10)) == [.send(.cancel(wire(1))), .create(2, from: 11)])
    #expect(machine.receive(.events(1, 11)) == [])
    #expect(machine.receive(.created(2, revision: 10)) == [])
    #expect(machine.receive(.events(2, 11)) == [.deliver(one, .of(11))])
  }

  // MARK: - Tokens

  @Test(arguments: ["etcdserver: permission denied", "etcdserver: invalid auth token"])
  func `a refusal that a new token may mend is met with one, once`(reason: String) {
    var machine = Machine(hasCredentials: true)
    _ = machine.open()
    _ = machine.add(one, from: 11)
    #expect(machine.receive(.refused(reason)) == [.renewToken])
    machine.base.streamClosed()
    #expect(machine.open() == [.create(2, from: 11)])
    #expect(machine.receive(.refused(reason)) == [.end(one, .cancelled(reason: reason))])
  }

  @Test func `a watch that was created after a refusal may be refused once more`() {
    var machine = Machine(hasCredentials: true)
    _ = machine.open()
    _ = machine.add(one, from: 11)
    let reason = "etcdserver: permission denied"
    #expect(machine.receive(.refused(reason)) == [.renewToken])
    machine.base.streamClosed()
    _ = machine.open()
    #expect(machine.receive(.created(2, revision: 10)) == [])
    machine.base.streamClosed()
    _ = machine.open()
    #expect(machine.receive(.refused(reason)) == [.renewToken])
  }

  @Test func `without credentials a refusal is final`() {
    var machine = Machine()
    _ = machine.open()
    _ = machine.add(one, from: 11)
    let reason = "etcdserver: permission denied"
    #expect(machine.receive(.refused(reason)) == [.end(one, .cancelled(reason: reason))])
  }

  private func wire(_ id: Int64) -> WireWatchID { WireWatchID(rawValue: id) }
}
