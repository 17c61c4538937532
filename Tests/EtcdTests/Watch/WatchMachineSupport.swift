import Testing

@testable public import Etcd

typealias Response = WatchResponse
typealias Effect = WatchMachine.Effect

/// A machine whose time is seconds since it was made, and whose watches are of prefix `a`.
struct Machine {
  var base: WatchMachine
  private let start = ContinuousClock.now

  init(hasCredentials: Bool = false) {
    self.base = WatchMachine(
      progressInterval: .seconds(5), progressTimeout: .seconds(3), hasCredentials: hasCredentials)
  }

  /// With a stream on which etcd shows `id` as number 1, from revision 11 on.
  static func active(_ id: WatchID) -> Machine {
    var machine = Machine()
    _ = machine.open()
    _ = machine.add(id, from: 11)
    #expect(machine.receive(.created(1, revision: 10)) == [])
    return machine
  }

  mutating func add(_ id: WatchID, from revision: Int64) -> [Effect] {
    self.base.add(
      id, .prefix("a"), from: Revision(rawValue: revision), wantsPrevious: false)
  }

  mutating func open(at seconds: Double = 0) -> [Effect] {
    self.base.streamOpened(self.time(seconds))
  }

  mutating func receive(_ response: Response, at seconds: Double = 0) -> [Effect] {
    self.base.received(response, self.time(seconds))
  }

  mutating func probed(_ revision: Int64, at seconds: Double) -> [Effect] {
    self.base.probed(Revision(rawValue: revision), self.time(seconds))
  }

  /// The time to look again in seconds too.
  mutating func tick(_ seconds: Double) -> ([Effect], Double?) {
    let (effects, next) = self.base.tick(self.time(seconds))
    let wait = next.map { instant -> Double in
      let (whole, rest) = (instant - self.start).components
      return Double(whole) + (Double(rest) / 1e18 * 1000).rounded() / 1000
    }
    return (effects, wait)
  }

  private func time(_ seconds: Double) -> ContinuousClock.Instant {
    self.start + .milliseconds(Int64(seconds * 1000))
  }
}

extension Effect {
  static func create(_ id: Int64, from revision: Int64) -> Effect {
    var request = WatchCreateRequest(.prefix("a"))
    request.id = WireWatchID(rawValue: id)
    request.startRevision = Revision(rawValue: revision)
    request.takesFragments = true
    return .send(.create(request))
  }
}

extension Response {
  private init(_ id: Int64, _ revision: Int64) {
    self.init()
    self.id = WireWatchID(rawValue: id)
    self.header.clusterID = 1
    self.header.revision = Revision(rawValue: revision)
  }

  static func created(_ id: Int64, revision: Int64) -> Response {
    var response = Response(id, revision)
    response.isCreated = true
    return response
  }

  /// What etcd answers to a watch that it does not let be created.
  static func refused(_ reason: String) -> Response {
    var response = Response(-1, 10)
    (response.isCreated, response.isCancelled) = (true, true)
    response.cancelReason = reason
    return response
  }

  static func cancelled(_ id: Int64, _ reason: String) -> Response {
    var response = Response(id, 10)
    response.isCancelled = true
    response.cancelReason = reason
    return response
  }

  static func compacted(_ id: Int64, at revision: Int64) -> Response {
    var response = Response.cancelled(id, "")
    response.compactRevision = Revision(rawValue: revision)
    return response
  }

  static func progress(revision: Int64) -> Response { Response(-1, revision) }

  /// Events with these mod revisions.
  static func events(
    _ id: Int64, _ revisions: Int64..., revision: Int64 = 60, isFragment: Bool = false
  ) -> Response {
    var response = Response(id, revision)
    response.isFragment = isFragment
    response.events = revisions.map { .at($0) }
    return response
  }
}

extension WatchEvent {
  static func at(_ revision: Int64) -> WatchEvent {
    var event = WatchEvent()
    event.keyValue.key = Array("a".utf8)
    event.keyValue.modRevision = Revision(rawValue: revision)
    return event
  }
}

extension WatchBatch {
  static func of(_ revisions: Int64...) -> WatchBatch {
    WatchBatch(events: revisions.map { .at($0) })
  }
}

extension Revision: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self.init(rawValue: value) }
}
