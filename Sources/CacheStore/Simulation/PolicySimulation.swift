/// Replays requests against a policy: the same code that chooses what a node evicts, on entries
/// without values.
///
/// The cache holds a fixed number of entries of one size. A request for a key that is not there brings
/// it in, as a program does that fills a cache on a miss.
public struct PolicySimulation: ~Copyable {
  /// Entries that fit.
  public let capacity: Int
  public private(set) var hits = 0
  public private(set) var requests = 0

  private var policy: Policy
  private var slab: Slab
  private var entries: [UInt64: EntryHandle] = [:]
  private let sizeClass: Int

  /// - Parameter capacity: In entries, from 1 to `capacityMax`.
  public init(_ policy: EvictionPolicy, capacity: Int) {
    precondition((1...Self.capacityMax).contains(capacity), "the caller has checked the size")
    self.capacity = capacity
    self.policy = Policy(policy)
    self.slab = Slab(budgetBytes: capacity * Self.entryBytes * 17 / 16 + 1 << 20)
    self.sizeClass = self.slab.memory.classes.sizeClass(of: Self.entryBytes)
    self.entries.reserveCapacity(min(capacity, 1 << 20))
  }

  /// What one shard's handles can name.
  public static let capacityMax = 250_000_000
  /// The fixed part, and the key.
  private static let entryBytes = EntryMemory.fixedBytes + MemoryLayout<UInt64>.size

  /// The share of the requests that found their key, from 0 to 1.
  public var hitRatio: Double {
    self.requests == 0 ? 0 : Double(self.hits) / Double(self.requests)
  }

  /// One request for a key; true for a hit.
  @discardableResult
  public mutating func request(_ key: UInt64) -> Bool {
    self.requests += 1
    if let entry = self.entries[key] {
      self.hits += 1
      _ = self.policy.hit(entry, in: self.slab.memory)
      return true
    }
    if self.entries.count >= self.capacity { self.evict() }
    if !self.slab.hasSlot(self.sizeClass) { self.slab.addPage(self.sizeClass) }
    let entry = self.slab.allocate(self.sizeClass)
    let memory = self.slab.memory
    let form = EntryForm(
      kind: .value, isBoxed: false, hasDeadline: false, isWide: false, hasFlags: false,
      hasNamespace: false, hasLongKey: false)
    memory.initialize(entry, hash: Self.hash(key), form: form, keyBytes: 8, valueBytes: 0)
    // The slot has room for eight bytes behind the fixed part.
    memory.address(entry).storeBytes(
      of: key, toByteOffset: EntryMemory.fixedBytes, as: UInt64.self)
    self.policy.insert(entry, in: memory)
    self.entries[key] = entry
    return false
  }

  private mutating func evict() {
    let victim = self.policy.evict(sparing: .null, in: self.slab.memory)
    precondition(!victim.isNull, "a full cache has something to evict")
    let key = self.slab.memory.address(victim).loadUnaligned(
      fromByteOffset: EntryMemory.fixedBytes, as: UInt64.self)
    self.entries[key] = nil
    self.slab.free(victim)
  }

  /// The last step of splitmix64 (Steele, Lea and Flood, 2014), which is defined modulo 2^64.
  private static func hash(_ key: UInt64) -> UInt64 {
    var word = key &+ 0x9E37_79B9_7F4A_7C15
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
