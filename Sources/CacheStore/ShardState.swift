/// All that the lock of one shard guards: the entries' memory, the index, the policies, the
/// tombstones, the budget.
///
/// Takes no lock, reads no clock; what it unlinks and must be freed outside goes to the caller's
/// `Garbage`. This file has what all operations are made of; they are in the extensions.
struct ShardState: ~Copyable {
  let context: ShardContext
  var slab: Slab
  var index = EntryIndex()
  var pools: Pools
  /// The newest is first.
  var tombstones = EntryQueue()
  /// Extents of entries, in charged bytes; not those that `context.pins` counts.
  var extentBytes = 0
  /// What the policies take.
  var policyBytes = 0
  /// Pages by the earliest deadline in each.
  var wheel: PageWheel?
  var tracked = TrackedArcs()
  /// By namespace number.
  var counters: NamespaceCounters
  var homes: NamespaceHomes
  /// Under way for the one namespace whose policy has changed last.
  var repooling: Repooling?
  /// A namespace was flushed since the store was made.
  var wasFlushed = false
  /// Entries from before that flush may still be here.
  var mayHoldFlushed = false
  /// Counts the beginnings of scans, modulo 16; see `ScanBand`.
  var scanEpoch: UInt8 = 0
  /// What a batch of reads has looked at; nobody asks.
  var lastSeen: UInt64 = 0
  /// Where the next sweep goes on.
  var sweepCursor: UInt64 = 0
  /// The entry that an operation is about to replace: it is not evicted, and this follows it where it
  /// moves.
  var spared = EntryHandle.null

  /// Bounds the time under the lock of a write that needs the room of many small entries.
  static let evictionsPerLockMax = 512
  /// Entries that one locked section moves to empty a page.
  static let movesPerLockMax = 64
  /// Buckets of an index that changes its size that each insertion moves. With one, a table that grows
  /// by an eighth would be as good as full again when the move ends; and until then there are two.
  static let bucketMovesPerInsert = 8
  /// Below this share of the budget, as a divisor, an index grows by more than it has to.
  static let roomyDivisor = 4
  /// Entries that an insertion evicts beyond its own need, to make room for a larger index.
  static let growthEvictionsPerInsert = 8
  /// Pages kept for the tombstones of what is evicted from tracked arcs.
  static let tombstonePagesReserved = 4

  /// - Parameters:
  ///   - policy: Of the pool of all namespaces that have none of their own.
  ///   - pools: By namespace number.
  init(context: ShardContext, policy: EvictionPolicy, pools: [PoolConfiguration?]) {
    self.context = context
    self.slab = Slab(budgetBytes: context.budgetBytes)
    self.pools = Pools(PoolConfiguration(policy: policy, guaranteedBytes: 0))
    self.counters = NamespaceCounters(count: pools.count)
    self.homes = NamespaceHomes(capacity: pools.count)
    for pool in pools { self.homes.append(.init(pool: pool.map { self.pools.add($0) } ?? 0)) }
  }

  deinit {
    var cursor: UInt64 = 0
    let memory = self.slab.memory
    if self.extentBytes > 0 {
      repeat {
        self.index.forEach(at: cursor, in: memory) { entry, _ in
          // An extent may outlive the store; it then counts for a budget that nobody asks any more.
          if memory.form(entry).isBoxed { memory.extentReference(entry).release() }
        }
        cursor = self.index.cursor(after: cursor)
      } while cursor != 0
    }
    self.pools.free()
    self.counters.free()
    self.homes.free()
  }

  var memory: EntryMemory { self.slab.memory }

  /// All that counts against the budget, but for what `context.pins` counts.
  var usedBytes: Int {
    self.slab.chargedBytes + self.index.chargedBytes + self.extentBytes + self.policyBytes
  }

  // MARK: Look-up

  /// What is under a key.
  enum Occupant: Equatable {
    case none
    case live(EntryHandle)
    case tombstone(EntryHandle)

    /// Null where there is none.
    var entry: EntryHandle {
      switch self {
      case .none: .null
      case .live(let entry), .tombstone(let entry): entry
      }
    }
  }

  /// Removes the entry first if its time is up.
  mutating func occupant(
    of key: borrowing StoreKey, now: StoreTime, _ garbage: inout Garbage
  ) -> Occupant {
    let entry = self.index.find(key, in: self.memory)
    if entry.isNull { return .none }
    if self.isLive(entry, now: now, &garbage) { return .live(entry) }
    // What has expired may have left a tombstone: a tracked arc keeps one.
    let tombstone = self.index.find(key, in: self.memory)
    return tombstone.isNull ? .none : .tombstone(tombstone)
  }

  /// Whether what is in the index is an entry whose time is not up; if it is up, the entry is removed.
  @inline(__always)
  mutating func isLive(
    _ entry: EntryHandle, now: StoreTime, _ garbage: inout Garbage
  ) -> Bool {
    let memory = self.memory
    let form = memory.form(entry)
    if form.isTombstone { return false }
    if self.mayHoldFlushed, self.isFlushed(entry) {
      self.removeFlushed(entry, &garbage)
      return false
    }
    if !form.hasDeadline { return true }
    guard memory.deadline(entry, form) <= now.monotonicMilliseconds else { return true }
    self.expire(entry, &garbage)
    return false
  }

  /// As `isLive` for what is no tombstone, but changes nothing.
  func isPresent(_ entry: EntryHandle, now: StoreTime) -> Bool {
    if self.memory.isExpired(entry, now) { return false }
    return !(self.mayHoldFlushed && self.isFlushed(entry))
  }

  /// The entry or tombstone under a key, or null. Changes nothing, not even what is over.
  func peek(_ key: borrowing StoreKey, now: StoreTime) -> EntryHandle {
    let entry = self.index.find(key, in: self.memory)
    if entry.isNull || self.memory.form(entry).isTombstone { return entry }
    return self.isPresent(entry, now: now) ? entry : .null
  }

  /// Marks a use of the entry.
  @inline(__always)
  mutating func use(_ entry: EntryHandle) {
    let memory = self.memory
    let pool = self.pool(of: entry)
    if self.pools.place(pool).pointee.policy.hit(entry, in: memory) { self.stamp(entry) }
  }

  /// Makes an entry that has just come in one of those that are worth most.
  func promote(_ entry: EntryHandle) {
    self.pools.place(self.pool(of: entry)).pointee.policy.promote(entry, in: self.memory)
    self.stamp(entry)
  }

  /// Notes under which scan the entry came in or changed its rank.
  func stamp(_ entry: EntryHandle) {
    let epoch = self.scanEpoch
    self.memory.updateState(entry) { $0.epoch = epoch }
  }

  // MARK: Linking

  /// Makes an entry of `content` in the place of `old`, whatever that is, in the slot of a class for
  /// which room has been made. An entry that is replaced leaves its rank to the new one.
  mutating func link(
    _ form: EntryForm, _ content: borrowing EntryMemory.Content, _ key: borrowing StoreKey,
    replacing old: EntryHandle, _ garbage: inout Garbage
  ) -> EntryHandle {
    let memory = self.memory
    let sizeClass = memory.classes.sizeClass(of: memory.slotBytes(form, content, key))
    let entry = self.slab.allocate(sizeClass)
    precondition(!entry.isNull, "room has been made")
    memory.clearHead(entry)
    memory.write(entry, form, content, key)
    self.noteDeadline(of: entry)
    let takesRank =
      !old.isNull && !form.isTombstone && !memory.form(old).isTombstone
    if old.isNull {
      self.index.insert(entry, hash: key.hash)
    } else {
      self.index.replace(old, by: entry, in: memory)
      if !takesRank { self.leaveQueue(old) }
    }
    if takesRank { self.inheritRank(of: old, entry) } else { self.enterQueue(entry) }
    if !old.isNull { self.release(old, &garbage) }
    self.stamp(entry)
    return entry
  }

  mutating func unlink(_ entry: EntryHandle, _ garbage: inout Garbage) {
    self.index.remove(entry, in: self.memory)
    self.leaveQueue(entry)
    self.release(entry, &garbage)
  }

  /// Counts an entry or tombstone in, and puts it into a list.
  private mutating func enterQueue(_ entry: EntryHandle) {
    let memory = self.memory
    self.extentBytes += memory.extentBytes(entry)
    if memory.form(entry).isTombstone {
      self.tombstones.prepend(entry, in: memory)
      return
    }
    let bytes = memory.chargedBytes(entry)
    let namespace = memory.namespace(entry)
    self.withPool(self.pool(of: entry)) {
      $0.policy.insert(entry, in: memory)
      $0.bytes += bytes
      $0.count += 1
    }
    self.counters[Int(namespace.rawValue)].entries += 1
    self.counters[Int(namespace.rawValue)].bytes += bytes
  }

  /// Counts it out; it is in no list then, and still in its slot.
  private mutating func leaveQueue(_ entry: EntryHandle, isEvicted: Bool = false) {
    let memory = self.memory
    self.extentBytes -= memory.extentBytes(entry)
    if memory.form(entry).isTombstone {
      self.tombstones.remove(entry, in: memory)
      return
    }
    let bytes = memory.chargedBytes(entry)
    let namespace = memory.namespace(entry)
    self.withPool(self.pool(of: entry)) {
      if !isEvicted { $0.policy.remove(entry, in: memory) }
      $0.bytes -= bytes
      $0.count -= 1
    }
    self.counters[Int(namespace.rawValue)].entries -= 1
    self.counters[Int(namespace.rawValue)].bytes -= bytes
  }

  /// Puts the entry into the old one's place in its pool, as one that was used again.
  private mutating func inheritRank(of old: EntryHandle, _ entry: EntryHandle) {
    let memory = self.memory
    let difference = memory.chargedBytes(entry) - memory.chargedBytes(old)
    self.extentBytes += memory.extentBytes(entry) - memory.extentBytes(old)
    memory.copyRank(from: old, to: entry)
    let namespace = memory.namespace(entry)
    self.withPool(self.pool(of: entry)) {
      $0.policy.relocate(old, to: entry, in: memory)
      $0.policy.recharge(entry, by: difference, in: memory)
      _ = $0.policy.hit(entry, in: memory)
      $0.bytes += difference
    }
    self.counters[Int(namespace.rawValue)].bytes += difference
  }

  /// Frees the slot of what is in no list and not in the index, and its extent.
  private mutating func release(_ entry: EntryHandle, _ garbage: inout Garbage) {
    let memory = self.memory
    if memory.form(entry).isBoxed {
      if memory.pinnedBytes(entry) > 0 {
        memory.extentReference(entry)._withUnsafeGuaranteedRef { $0.orphan() }
      }
      garbage.add(memory.extentReference(entry))
    }
    self.freeSlot(entry)
  }

  /// Takes an entry out, by its policy's choice or for another reason, and puts `tombstone`, which is
  /// in a slot and nowhere else, in its place.
  mutating func withdraw(
    _ entry: EntryHandle, isEvicted: Bool, leaving tombstone: EntryHandle,
    _ garbage: inout Garbage
  ) {
    if tombstone.isNull {
      self.index.remove(entry, in: self.memory)
    } else {
      self.index.replace(entry, by: tombstone, in: self.memory)
    }
    self.leaveQueue(entry, isEvicted: isEvicted)
    self.release(entry, &garbage)
    if !tombstone.isNull { self.enterQueue(tombstone) }
  }

  /// Writes the entry anew with another deadline into a free slot of the class, and frees its own.
  mutating func move(
    _ old: EntryHandle, _ key: borrowing StoreKey, _ deadline: UInt64, _ sizeClass: Int
  ) -> EntryHandle {
    let memory = self.memory
    let form = memory.form(old)
    let content = EntryMemory.Content(
      kind: form.kind, version: memory.version(old), deadline: deadline,
      flags: memory.flags(old), value: memory.value(old),
      extent: form.isBoxed ? memory.extentReference(old) : nil)
    let entry = self.slab.allocate(sizeClass)
    precondition(!entry.isNull, "room has been made")
    memory.clearHead(entry)
    memory.write(entry, memory.form(of: content, key), content, key)
    self.noteDeadline(of: entry)
    self.index.replace(old, by: entry, in: memory)
    self.inheritRank(of: old, entry)
    // The extent's reference has gone over to the new slot.
    self.freeSlot(old)
    self.stamp(entry)
    return entry
  }

  mutating func freeSlot(_ entry: EntryHandle) {
    let page = self.slab.page(of: entry)
    if self.slab.free(entry) { self.wheel?.disarm(page, in: self.slab.pages) }
  }

  mutating func withPool(_ pool: Int, _ body: (inout Pool) -> Void) {
    let place = self.pools.place(pool)
    body(&place.pointee)
    let bytes = place.pointee.policyBytes
    self.policyBytes += bytes - place.pointee.countedPolicyBytes
    place.pointee.countedPolicyBytes = bytes
  }

  mutating func withCounters(
    of entry: EntryHandle, _ body: (inout NamespaceStatistics) -> Void
  ) {
    body(&self.counters[Int(self.memory.namespace(entry).rawValue)])
  }

  /// Lets the entry's page come up when its time is over.
  mutating func noteDeadline(of entry: EntryHandle) {
    let deadline = self.memory.deadline(entry)
    guard deadline != Expiry.noDeadline else { return }
    let page = self.slab.page(of: entry)
    guard deadline < self.slab.pages[page].earliestDeadline else { return }
    self.slab.pages[page].earliestDeadline = deadline
    self.wheel?.arm(page, for: deadline, in: self.slab.pages)
  }

  /// The first operation that knows the time sets the beginning of the shard's.
  mutating func startClock(_ now: StoreTime) {
    guard self.wheel == nil else { return }
    self.wheel = PageWheel(now: now.monotonicMilliseconds)
    self.slab.startTime(now)
  }
}
