internal import CacheStore
internal import LarderAPI

// How what handovers are told in goes into messages, and comes out of them.

/// Why a message of a handover cannot be understood; completes "the message …".
struct HandoverMessageFault: Error, Equatable {
  let what: String
}

extension ProcessID {
  init(_ process: MemberProcess) {
    self.init(nodeID: process.id, incarnation: process.incarnation)
  }
}

extension MemberProcess {
  /// - Parameter field: what it is called, for people.
  init(_ process: ProcessID?, _ field: String) throws(HandoverMessageFault) {
    guard let process, !process.nodeID.isEmpty else {
      throw HandoverMessageFault(what: "has no \(field)")
    }
    self.init(id: process.nodeID, incarnation: process.incarnation)
  }
}

extension ArcSet {
  /// The first and the last hash of each range, ascending: as messages have them.
  var pairs: [UInt64] { self.ranges.flatMap { [$0.lowerBound, $0.upperBound] } }

  init(pairs: [UInt64]) throws(HandoverMessageFault) {
    guard pairs.count.isMultiple(of: 2), pairs.count / 2 <= SealRequest.rangesMax else {
      throw HandoverMessageFault(
        what: "has \(pairs.count) ends of ranges: two for each, and \(SealRequest.rangesMax) ranges"
          + " at most")
    }
    var ranges: [ClosedRange<UInt64>] = []
    ranges.reserveCapacity(pairs.count / 2)
    for index in stride(from: 0, to: pairs.count, by: 2) {
      let isAscending = ranges.last.map { $0.upperBound < pairs[index] } ?? true
      guard isAscending, pairs[index] <= pairs[index + 1] else {
        throw HandoverMessageFault(what: "has ranges that do not ascend")
      }
      ranges.append(pairs[index]...pairs[index + 1])
    }
    self.init(ranges)
  }
}

extension SealRequest {
  init(_ order: SealOrder) {
    self.init()
    self.heir = ProcessID(order.heir)
    self.epoch = "\(order.epoch)"
    self.ranges = order.arcs.pairs
    self.vias = order.vias.map { ProcessID($0) }
  }
}

extension SealOrder {
  init(_ request: SealRequest) throws(HandoverMessageFault) {
    guard let epoch = Epoch(request.epoch) else {
      throw HandoverMessageFault(what: "has an epoch that is none: \"\(request.epoch)\"")
    }
    var vias: Set<MemberProcess> = []
    for process in request.vias { vias.insert(try MemberProcess(process, "via")) }
    self.init(
      heir: try MemberProcess(request.heir, "heir"), epoch: epoch,
      arcs: try ArcSet(pairs: request.ranges), vias: vias)
  }
}

extension SealResponse {
  init(_ answer: SealAnswer, from node: MemberProcess) {
    self.init()
    self.node = ProcessID(node)
    self.clock = answer.clock.rawValue
    self.holdings = answer.holdings.map { part in
      var holding = LarderAPI.Holding()
      holding.ranges = part.arcs.pairs
      holding.predecessors = part.predecessors.map { part in
        var predecessor = LarderAPI.Predecessor()
        predecessor.process = ProcessID(part.process)
        predecessor.isCertain = part.isCertain
        predecessor.isSuperseded = part.isSuperseded
        predecessor.through = part.through.rawValue
        return predecessor
      }
      holding.via = part.via.map { ProcessID($0) }
      holding.isEmpty = part.isEmpty
      return holding
    }
  }
}

extension SealAnswer {
  init(_ response: SealResponse) throws(HandoverMessageFault) {
    self.init(clock: Version(rawValue: response.clock), holdings: [])
    for part in response.holdings {
      var holding = Holding(arcs: try ArcSet(pairs: part.ranges), isEmpty: part.isEmpty)
      if let via = part.via { holding.via = try MemberProcess(via, "via") }
      for predecessor in part.predecessors {
        holding.predecessors.append(
          Predecessor(
            try MemberProcess(predecessor.process, "process"), isCertain: predecessor.isCertain,
            isSuperseded: predecessor.isSuperseded, through: Version(rawValue: predecessor.through))
        )
      }
      self.holdings.append(holding)
    }
  }
}
