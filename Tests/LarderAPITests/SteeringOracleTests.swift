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
      let theirs = try oracle(
        status.serialized(), larder__v1__drain_status__unpack, values.comment
      ) {
        text($0.state) == Array(status.state.utf8) && $0.entries_left == status.entriesLeft
          && $0.bytes_left == status.bytesLeft
      }
      #expect(theirs == status.serialized(), values.comment)
      #expect(try DrainStatus(decoding: theirs.span.bytes) == status, values.comment)
    }
  }
}
