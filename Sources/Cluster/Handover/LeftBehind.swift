internal import CacheStore

/// What a node that has left the ring still holds for others, counted entry by entry. No I/O.
public struct LeftBehind: Sendable, Equatable {
  /// For one of them.
  public struct Part: Sendable, Equatable {
    public let heir: MemberProcess
    /// How long before it gave a sign of life, such as to ask for an entry.
    public let silence: Duration
    /// That was too long: nobody waits for it.
    public let isGivenUp: Bool
    public internal(set) var entries = 0
    /// Of keys and values.
    public internal(set) var bytes = 0
  }

  /// All together, in the parts or not.
  public private(set) var entries = 0
  /// Of keys and values.
  public private(set) var bytes = 0
  private let arcs: ArcSet
  private var all: [Part]
  /// Whose part which hashes are, ascending.
  private let ranges: [(hashes: ClosedRange<UInt64>, part: Int)]

  /// Of nothing.
  public init() { self.init([], of: .none, silenceMax: .zero) }

  /// - Parameters:
  ///   - arcs: all that the node has lost and still holds.
  ///   - silenceMax: for how long it waits for an heir that gives no sign of life.
  init(_ heirs: [AwaitedHeir], of arcs: ArcSet, silenceMax: Duration) {
    self.arcs = arcs
    self.all = heirs.map { heir in
      Part(
        heir: heir.process, silence: heir.silence, isGivenUp: heir.silence >= silenceMax)
    }
    self.ranges = heirs.enumerated()
      .flatMap { part, heir in heir.arcs.ranges.map { (hashes: $0, part: part) } }
      .sorted { $0.hashes.lowerBound < $1.hashes.lowerBound }
  }

  /// For those for whom there is something, in the order of their ids.
  public var parts: [Part] { self.all.filter { $0.entries > 0 } }

  /// Counts an entry that the node holds.
  mutating func count(hash: UInt64, bytes: Int) {
    guard self.arcs.contains(hash) else { return }
    self.entries += 1
    self.bytes += bytes
    guard let part = self.part(of: hash) else { return }
    self.all[part].entries += 1
    self.all[part].bytes += bytes
  }

  private func part(of hash: UInt64) -> Int? {
    var (low, high) = (0, self.ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if self.ranges[middle].hashes.upperBound < hash { low = middle + 1 } else { high = middle }
    }
    return low < self.ranges.count && self.ranges[low].hashes.contains(hash)
      ? self.ranges[low].part : nil
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.entries == right.entries && left.bytes == right.bytes && left.parts == right.parts
  }
}
