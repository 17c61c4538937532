import LarderAPI
import ProtobufOracle
import Testing
import Wire

/// The messages by which operators see and steer what moves.
@Suite struct SteeringOracleTests {
  private func randomText(_ values: inout RandomValues) -> String {
    String(decoding: values.text(), as: UTF8.self)
  }

  private func randomMigrations(_ values: inout RandomValues) -> MigrationsStatus {
    var status = MigrationsStatus()
    status.nodeID = self.randomText(&values)
    status.rateLimit = values.uint64()
    status.isPaused = values.bool()
    status.migrations = values.list { values in
      var migration = MigrationStatus()
      migration.peerID = self.randomText(&values)
      migration.direction = self.randomText(&values)
      migration.shareMillionths = values.uint32()
      migration.donePermille = values.uint32()
      migration.items = values.uint64()
      migration.bytes = values.uint64()
      migration.bytesPerSecond = values.uint64()
      migration.secondsLeft = values.bool() ? values.uint64() : nil
      migration.isPaused = values.bool()
      return migration
    }
    status.sentItems = values.uint64()
    status.sentBytes = values.uint64()
    status.receivedItems = values.uint64()
    status.receivedBytes = values.uint64()
    return status
  }

  private func equals(
    _ read: Larder__V1__MigrationsStatus, _ status: MigrationsStatus
  ) -> Bool {
    let migrations = UnsafeBufferPointer(start: read.migrations, count: read.n_migrations)
    return text(read.node_id) == Array(status.nodeID.utf8)
      && read.rate_limit == status.rateLimit && (read.paused != 0) == status.isPaused
      && read.sent_items == status.sentItems && read.sent_bytes == status.sentBytes
      && read.received_items == status.receivedItems
      && read.received_bytes == status.receivedBytes
      && migrations.count == status.migrations.count
      && zip(migrations, status.migrations).allSatisfy { found, expected in
        found.map { self.equals($0.pointee, expected) } ?? false
      }
  }

  private func equals(
    _ read: Larder__V1__MigrationStatus, _ migration: MigrationStatus
  ) -> Bool {
    let isEstimated =
      read.estimate_case == LARDER__V1__MIGRATION_STATUS__ESTIMATE_SECONDS_LEFT
    return text(read.peer_id) == Array(migration.peerID.utf8)
      && text(read.direction) == Array(migration.direction.utf8)
      && read.share_millionths == migration.shareMillionths
      && read.done_permille == migration.donePermille && read.items == migration.items
      && read.bytes == migration.bytes && read.bytes_per_second == migration.bytesPerSecond
      && (isEstimated ? read.seconds_left : nil) == migration.secondsLeft
      && (read.paused != 0) == migration.isPaused
  }

  @Test func `migrations agree with protobuf-c, and the estimate may be absent`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let status = self.randomMigrations(&values)
      let theirs = try oracle(
        status.serialized(), larder__v1__migrations_status__unpack, values.comment
      ) { self.equals($0, status) }
      #expect(theirs == status.serialized(), values.comment)
      #expect(try MigrationsStatus(decoding: theirs.span.bytes) == status, values.comment)

      let response = SteerMigrationsResponse(cancelled: values.uint32(), migrations: status)
      let theirResponse = try oracle(
        response.serialized(), larder__v1__steer_migrations_response__unpack, values.comment
      ) {
        $0.cancelled == response.cancelled
          && ($0.migrations.map { self.equals($0.pointee, status) } ?? false)
      }
      #expect(theirResponse == response.serialized(), values.comment)
      #expect(
        try SteerMigrationsResponse(decoding: theirResponse.span.bytes) == response,
        values.comment)
    }
  }

  @Test func `orders agree with protobuf-c, and one may be absent`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let order: SteerMigrationsRequest.Order? =
        switch values.below(5) {
        case 0: .pause
        case 1: .resume
        case 2: .cancel
        case 3: .rate(bytesPerSecond: values.uint64())
        default: nil
        }
      let request = SteerMigrationsRequest(peerID: self.randomText(&values), order: order)
      let theirs = try oracle(
        request.serialized(), larder__v1__steer_migrations_request__unpack, values.comment
      ) { read in
        let isSame =
          switch read.order_case {
          case LARDER__V1__STEER_MIGRATIONS_REQUEST__ORDER_PAUSE: order == .pause
          case LARDER__V1__STEER_MIGRATIONS_REQUEST__ORDER_RESUME: order == .resume
          case LARDER__V1__STEER_MIGRATIONS_REQUEST__ORDER_CANCEL: order == .cancel
          case LARDER__V1__STEER_MIGRATIONS_REQUEST__ORDER_RATE_LIMIT:
            order == .rate(bytesPerSecond: read.rate_limit)
          default: order == nil
          }
        return isSame && text(read.peer_id) == Array(request.peerID.utf8)
      }
      #expect(theirs == request.serialized(), values.comment)
      #expect(
        try SteerMigrationsRequest(decoding: theirs.span.bytes) == request, values.comment)
    }
  }

  @Test func `messages of a drain agree with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let request = DrainRequest(timeoutMilliseconds: values.uint64())
      let theirRequest = try oracle(
        request.serialized(), larder__v1__drain_request__unpack, values.comment
      ) { $0.timeout_ms == request.timeoutMilliseconds }
      #expect(theirRequest == request.serialized(), values.comment)
      #expect(try DrainRequest(decoding: theirRequest.span.bytes) == request, values.comment)

      var status = DrainStatus()
      status.state = self.randomText(&values)
      status.entriesLeft = values.uint64()
      status.bytesLeft = values.uint64()
      status.heirs = values.list { values in
        var heir = HeirLeft()
        heir.heirID = self.randomText(&values)
        heir.entries = values.uint64()
        heir.bytes = values.uint64()
        heir.silentMilliseconds = values.uint64()
        heir.isGivenUp = values.bool()
        return heir
      }
      let theirs = try oracle(
        status.serialized(), larder__v1__drain_status__unpack, values.comment
      ) { read in
        let heirs = UnsafeBufferPointer(start: read.heirs, count: read.n_heirs)
        return text(read.state) == Array(status.state.utf8)
          && read.entries_left == status.entriesLeft && read.bytes_left == status.bytesLeft
          && heirs.count == status.heirs.count
          && zip(heirs, status.heirs).allSatisfy { found, expected in
            guard let found = found?.pointee else { return false }
            return text(found.heir_id) == Array(expected.heirID.utf8)
              && found.entries == expected.entries && found.bytes == expected.bytes
              && found.silent_ms == expected.silentMilliseconds
              && (found.given_up != 0) == expected.isGivenUp
          }
      }
      #expect(theirs == status.serialized(), values.comment)
      #expect(try DrainStatus(decoding: theirs.span.bytes) == status, values.comment)
    }
  }

  /// Exact as a double, so that it is compared by its value.
  private func randomWeight(_ values: inout RandomValues) -> Double {
    Double(values.uint32()) / 16
  }

  @Test func `plans agree with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let node = PlannedNode(
        id: self.randomText(&values), weight: self.randomWeight(&values),
        zone: self.randomText(&values))
      let change: PlanRequest.Change? =
        switch values.below(4) {
        case 0: .add(node)
        case 1: .remove(node.id)
        case 2: .weigh(node)
        default: nil
        }
      func equals(_ read: UnsafeMutablePointer<Larder__V1__RingNode>?) -> Bool {
        guard let read = read?.pointee else { return false }
        return text(read.id) == Array(node.id.utf8) && read.weight == node.weight
          && text(read.zone) == Array(node.zone.utf8)
      }
      let request = PlanRequest(change: change)
      let theirRequest = try oracle(
        request.serialized(), larder__v1__plan_request__unpack, values.comment
      ) { read in
        switch read.change_case {
        case LARDER__V1__PLAN_REQUEST__CHANGE_ADD: change == .add(node) && equals(read.add)
        case LARDER__V1__PLAN_REQUEST__CHANGE_REMOVE:
          change == .remove(node.id) && text(read.remove) == Array(node.id.utf8)
        case LARDER__V1__PLAN_REQUEST__CHANGE_WEIGH: change == .weigh(node) && equals(read.weigh)
        default: change == nil
        }
      }
      #expect(theirRequest == request.serialized(), values.comment)
      #expect(try PlanRequest(decoding: theirRequest.span.bytes) == request, values.comment)

      var response = PlanResponse()
      response.nodeID = self.randomText(&values)
      response.epoch = self.randomText(&values)
      response.isMoving = values.bool()
      response.moves = values.list { values in
        var move = PlannedMove()
        move.heirID = self.randomText(&values)
        move.shareMillionths = values.uint32()
        move.entries = values.uint64()
        move.bytes = values.uint64()
        return move
      }
      let theirs = try oracle(
        response.serialized(), larder__v1__plan_response__unpack, values.comment
      ) { read in
        let moves = UnsafeBufferPointer(start: read.moves, count: read.n_moves)
        return text(read.node_id) == Array(response.nodeID.utf8)
          && text(read.epoch) == Array(response.epoch.utf8)
          && (read.moving != 0) == response.isMoving && moves.count == response.moves.count
          && zip(moves, response.moves).allSatisfy { found, expected in
            guard let found = found?.pointee else { return false }
            return text(found.heir_id) == Array(expected.heirID.utf8)
              && found.share_millionths == expected.shareMillionths
              && found.entries == expected.entries && found.bytes == expected.bytes
          }
      }
      #expect(theirs == response.serialized(), values.comment)
      #expect(try PlanResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `messages of a weight agree with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      let request = SetWeightRequest(weight: self.randomWeight(&values))
      let theirRequest = try oracle(
        request.serialized(), larder__v1__set_weight_request__unpack, values.comment
      ) { $0.weight == request.weight }
      #expect(theirRequest == request.serialized(), values.comment)
      #expect(try SetWeightRequest(decoding: theirRequest.span.bytes) == request, values.comment)

      var response = SetWeightResponse()
      response.weightBefore = self.randomWeight(&values)
      response.epoch = self.randomText(&values)
      response.shareMillionths = values.uint32()
      let theirs = try oracle(
        response.serialized(), larder__v1__set_weight_response__unpack, values.comment
      ) {
        $0.weight_before == response.weightBefore
          && text($0.epoch) == Array(response.epoch.utf8)
          && $0.share_millionths == response.shareMillionths
      }
      #expect(theirs == response.serialized(), values.comment)
      #expect(try SetWeightResponse(decoding: theirs.span.bytes) == response, values.comment)
    }
  }

  @Test func `a planned node in two pieces is one`() throws {
    let first = PlanRequest(change: .add(PlannedNode(id: "a", weight: 2))).serialized()
    let second = PlanRequest(change: .add(PlannedNode(zone: "z"))).serialized()
    let both = first + second
    #expect(
      try PlanRequest(decoding: both.span.bytes).change
        == .add(PlannedNode(id: "a", weight: 2, zone: "z")))
    // Another member of the oneof takes its place.
    let removed = both + PlanRequest(change: .remove("b")).serialized()
    #expect(try PlanRequest(decoding: removed.span.bytes).change == .remove("b"))
  }
}
