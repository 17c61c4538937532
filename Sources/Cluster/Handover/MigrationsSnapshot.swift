internal import CacheStore

/// The migrations of a node at one moment.
public struct MigrationsSnapshot: Sendable, Equatable {
  /// At which the node sends, all migrations together; 0: as fast as it goes.
  public var bytesPerSecond: Int
  /// All nodes' migrations are paused, but for those that were resumed by name.
  public var pausesAll: Bool
  /// Under way, the oldest first.
  public var migrations: [MigrationSnapshot]
  /// Since the node started.
  public var counts: HandoverCounts
}

/// Whether a node has the entries, or gets them.
public enum MigrationDirection: String, Sendable, CaseIterable {
  /// This node has lost the hashes.
  case outbound
  /// This node owns them now.
  case inbound
}

/// One migration, as the node at one end sees it.
public struct MigrationSnapshot: Sendable, Equatable {
  /// The node at the other end.
  public let peer: MemberProcess
  public let direction: MigrationDirection
  /// The part of all hashes that it is about, 0...1.
  public let share: Double
  /// Moved on this stream: keys, values and what goes with them.
  public let bytes: Int
  /// Entries and remembered deletes moved on this stream.
  public let items: Int
  /// How far it is as a whole, 0...1000, what was moved before the stream broke included.
  public let donePermille: Int
  /// Over the last five seconds.
  public let bytesPerSecond: Int
  /// At that rate; nil: nobody knows.
  public let secondsLeft: Int?
  public let isPaused: Bool

  init(
    _ migration: MigrationRegister.Migration, isPaused: Bool, now: ContinuousClock.Instant
  ) {
    self.peer = migration.track.peer
    self.direction = migration.direction
    self.share = migration.arcs.share
    self.bytes = migration.traffic.bytes
    self.items = migration.traffic.items
    self.donePermille = migration.donePermille
    self.bytesPerSecond = migration.meter.bytesPerSecond(now: now)
    self.isPaused = isPaused
    self.secondsLeft = Self.secondsLeft(
      bytes: self.bytes, donePermille: self.donePermille, bytesPerSecond: self.bytesPerSecond)
  }

  private static func secondsLeft(
    bytes: Int, donePermille: Int, bytesPerSecond: Int
  ) -> Int? {
    guard donePermille > 0, bytesPerSecond > 0 else { return nil }
    let rest = Double(bytes) * Double(max(0, 1_000 - donePermille)) / Double(donePermille)
    let seconds = (rest / Double(bytesPerSecond)).rounded(.up)
    // A century is no estimate.
    return seconds < 3_000_000_000 ? Int(seconds) : nil
  }
}

/// What a node has handed over and was handed over since it started.
public struct HandoverCounts: Sendable, Equatable {
  /// Batches of migrations.
  public struct Traffic: Sendable, Equatable {
    /// Of the messages.
    public private(set) var bytes = 0
    /// Entries and remembered deletes.
    public private(set) var items = 0
    public private(set) var batches = 0

    mutating func add(bytes: Int, items: Int) {
      self.bytes += bytes
      self.items += items
      self.batches += 1
    }
  }

  public private(set) var sent = Traffic()
  public private(set) var received = Traffic()
  /// Items received that this node has no namespace for.
  public internal(set) var unknownNamespaceItems = 0
  /// Items received that the store did not take: no room, too large, or from the future.
  public internal(set) var refusedItems = 0
  /// Orders of other nodes to give up hashes, which this one has followed, and has not.
  public internal(set) var seals = 0
  public internal(set) var sealsRefused = 0
  /// Calls for what this node has sealed, and the keys in them.
  public internal(set) var fetches = 0
  public internal(set) var fetchedKeys = 0

  /// Of a node that has just started.
  public init() {}

  subscript(direction: MigrationDirection) -> Traffic {
    get { direction == .outbound ? self.sent : self.received }
    set {
      switch direction {
      case .outbound: self.sent = newValue
      case .inbound: self.received = newValue
      }
    }
  }
}
