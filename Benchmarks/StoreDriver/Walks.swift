import CacheStore

/// How long the steps of a walk hold a shard, in time on a processor, on a store of ten million entries.
/// The arcs are those of a node of ten that comes or goes: 20,000, a tenth of the circle.
enum Walks {
  private static let keyCount = 10_000_000
  private static let arcCount: UInt64 = 20_000

  static func run() {
    let keys = Keys(count: Self.keyCount)
    let store = Store.made(StoreConfiguration(memoryBytes: 3 << 30, cores: 2))
    let value = [UInt8](repeating: 7, count: 100)
    for number in 0..<keys.count {
      keys.with(number) {
        _ = store.write($0, value: value.span.bytes, expiry: .never, now: now())
      }
    }
    let width = UInt64.max / Self.arcCount
    let arcs = ArcSet(
      (0..<Self.arcCount).map { HashArc(after: $0 * width, through: $0 * width + width / 10) })
    var (entries, bytes) = (0, 0)
    Self.time("usage of the arcs") { (usage: ArcUsage?) in
      let next = store.usage(of: arcs, after: usage ?? ArcUsage(), now: now())
      if next.isComplete { print("  \(next.entries) entries, \(next.bytes) bytes") }
      return next.isComplete ? nil : next
    }
    for (name, scanned) in [("arcs", ArcLookup(arcs)), ("circle", ArcLookup(.all))] {
      Self.time("scan of the \(name)") { (cursor: ScanCursor?) in
        store.scan(scanned, from: cursor ?? store.beginScan(), now: now()) { item in
          entries += 1
          if case .entry(let entry) = item.content { bytes += entry.value.byteCount }
        }
      }
    }
    print("  \(entries) entries, \(bytes) bytes of values")
    Self.time("drop of the arcs") { (cursor: DropCursor?) in
      store.drop(arcs, from: cursor ?? DropCursor())
    }
  }

  /// Takes steps until one returns nil.
  private static func time<Cursor>(_ name: String, _ step: (Cursor?) -> Cursor?) {
    var cursor: Cursor?
    var lengths: [UInt64] = []
    repeat {
      let began = threadNanoseconds()
      cursor = step(cursor)
      lengths.append((threadNanoseconds() - began) / 1_000)
    } while cursor != nil
    lengths.sort()
    let sum = lengths.reduce(0, +) / 1_000
    // The very longest is the machine's as often as ours.
    let late = lengths[lengths.count - 1 - lengths.count / 1_000]
    print(
      "\(name): \(lengths.count) steps, \(sum) ms; one takes \(lengths[lengths.count / 2]) us,"
        + " one of 1000 \(late) us, the longest \(lengths[lengths.count - 1]) us")
  }
}
