/// Says which pages hold entries whose time is up, without looking at any other: a hierarchical timer
/// wheel, after Varghese and Lauck, "Hashed and hierarchical timing wheels" (SOSP 1987).
///
/// What waits in it is pages, each for its earliest deadline, and not entries: so a deadline costs an
/// entry no links. A page that comes up is walked, which costs less than a microsecond for a hundred
/// entries, and waits for the earliest deadline that is left.
///
/// A tick is 256 ms. Each of the four levels has 64 slots, a slot of one level taking as long as all
/// of the level below: 16 s, 17 min, 19 h and 50 days. What is due later waits in the last slot of
/// all and is put back from there.
struct PageWheel {
  /// As `SlotPage.wheelSlot` of a page that is not in the wheel.
  static let noSlot: UInt16 = .max

  private static let levels = 4
  private static let slotBits: UInt64 = 6
  private static let slotsPerLevel: UInt64 = 1 << slotBits
  private static let tickBits: UInt64 = 8
  /// Four and a half hours: above, ticks are not passed one by one.
  private static let ticksPassedMax: UInt64 = 1 << 16

  /// By level and slot: the first page of the list; 0 for none. In memory of its own, because the wheel
  /// is part of a state that must be small.
  private var heads = [UInt32](repeating: 0, count: levels * Int(slotsPerLevel))
  /// The tick that is next to be served.
  private var tick: UInt64
  /// Pages that wait.
  private(set) var count = 0

  init(now: UInt64) { self.tick = now >> Self.tickBits }

  /// Lets the page wait until `deadline`, or no longer than that.
  mutating func arm(_ page: UInt32, for deadline: UInt64, in pages: PageTable) {
    if pages[page].wheelSlot != Self.noSlot { self.disarm(page, in: pages) }
    // Served when the tick in which the deadline lies is over: at most a tick late.
    let due = max((deadline >> Self.tickBits) + 1, self.tick)
    let wait = due - self.tick
    var level: UInt64 = 0
    while level < 3, wait >> (Self.slotBits * (level + 1)) != 0 { level += 1 }
    let span = Self.slotBits * level
    // The last slot that the top level can reach without lapping itself.
    let reachable = min(due >> span, (self.tick >> span) + Self.slotsPerLevel - 1)
    let slot = UInt16(level * Self.slotsPerLevel + reachable % Self.slotsPerLevel)
    let first = self.heads[Int(slot)]
    pages[page].wheelSlot = slot
    pages[page].wheelPrevious = 0
    pages[page].wheelNext = first
    if first != 0 { pages[first].wheelPrevious = page }
    self.heads[Int(slot)] = page
    self.count += 1
  }

  mutating func disarm(_ page: UInt32, in pages: PageTable) {
    let slot = pages[page].wheelSlot
    guard slot != Self.noSlot else { return }
    let (previous, next) = (pages[page].wheelPrevious, pages[page].wheelNext)
    if previous == 0 { self.heads[Int(slot)] = next } else { pages[previous].wheelNext = next }
    if next != 0 { pages[next].wheelPrevious = previous }
    pages[page].wheelSlot = Self.noSlot
    self.count -= 1
  }

  /// Takes out one page whose time has come by `now`; 0 where there is none.
  ///
  /// Ticks without pages are passed at the cost of a few instructions; after a pause of days all
  /// pages are put in their places anew.
  mutating func next(now: UInt64, in pages: PageTable) -> UInt32 {
    let end = now >> Self.tickBits
    guard self.tick <= end else { return 0 }
    if self.count == 0 { self.tick = end }
    if end - self.tick > Self.ticksPassedMax { self.rearmAll(at: end, in: pages) }
    while true {
      let page = self.heads[Int(self.tick % Self.slotsPerLevel)]
      if page != 0 {
        self.disarm(page, in: pages)
        return page
      }
      if self.tick == end { return 0 }
      self.advance(in: pages)
    }
  }

  private mutating func rearmAll(at end: UInt64, in pages: PageTable) {
    var waiting: UInt32 = 0
    for slot in self.heads.indices {
      while self.heads[slot] != 0 {
        let page = self.heads[slot]
        self.disarm(page, in: pages)
        pages[page].wheelNext = waiting
        waiting = page
      }
    }
    self.tick = end
    while waiting != 0 {
      let page = waiting
      waiting = pages[page].wheelNext
      self.arm(page, for: pages[page].earliestDeadline, in: pages)
    }
  }

  /// Steps to the next tick, and brings down what then belongs to a lower level.
  private mutating func advance(in pages: PageTable) {
    self.tick += 1
    var level: UInt64 = 1
    while level < UInt64(Self.levels),
      self.tick % (1 << (Self.slotBits * level)) == 0
    {
      let index = self.tick >> (Self.slotBits * level) % Self.slotsPerLevel
      let slot = Int(level * Self.slotsPerLevel + index)
      var page = self.heads[slot]
      while page != 0 {
        let following = pages[page].wheelNext
        self.arm(page, for: pages[page].earliestDeadline, in: pages)
        page = following
      }
      level += 1
    }
  }
}
