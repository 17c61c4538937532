/// Which pages of a region are in use: runs of pages, found by size. No I/O; the memory is its owner's.
///
/// Free runs are kept in bins by size, eight to each doubling, with a bit for each bin that holds any:
/// a look costs the same however many runs there are ("good fit", after Masmano, Ripoll, Crespo and
/// Real, "TLSF: a new dynamic memory allocator for real-time systems", 2004). A run that is freed joins
/// its free neighbours.
///
/// A free run is warm, its memory still the process's, or cold, given back. Warm runs are taken first,
/// for they cost no page faults; only runs of one kind join. Memory comes and goes in pages of the
/// system, which may be several of the pages here: a cold run begins and ends with one of those.
struct PageRuns: ~Copyable {
  /// What the pages of a run are.
  enum Kind: UInt8 {
    /// Somebody's. Can become `warm`, or `cold` when its owner has given the memory back.
    case used
    /// Free, and in the process. Can become `used`.
    case warm
    /// Free, and not in the process. Can become `used`.
    case cold
  }

  struct Run: Equatable {
    let page: Int
    let count: Int
  }

  /// Of the first page of a run; the last page's has its size and kind too.
  private struct Record {
    var count: UInt32 = 0
    var kind = Kind.used
    /// In the list of the bin; 0 ends it.
    var previous: UInt32 = 0
    var next: UInt32 = 0
  }

  private let records: UnsafeMutablePointer<Record>
  private let recordBytes: Int
  /// Pages that make one of the system's.
  private let systemPage: Int
  private var warm = RunBins()
  private var cold = RunBins()
  /// Pages in use, and free pages whose memory is the process's.
  private(set) var usedPages = 0
  private(set) var warmPages = 0

  /// Runs of one bin that are looked at for one that is large enough, before the next bin is taken.
  private static let candidatesMax = 8

  /// Pages from number `systemPage` on are free and cold, `pages` of them.
  ///
  /// - Parameters:
  ///   - pages: A multiple of `systemPage`.
  ///   - systemPage: How many pages make one of the system's.
  /// - Returns: nil where the system gives no address space for the records.
  init?(pages: Int, systemPage: Int = 1) {
    precondition(pages > 0 && pages % systemPage == 0, "whole pages of the system")
    // One at each end is in use for ever, so that every run has neighbours.
    let bytes = (systemPage + pages + 1) * MemoryLayout<Record>.stride
    guard let memory = Mapping.reserveIfPossible(byteCount: bytes) else { return nil }
    self.recordBytes = bytes
    // The mapping is aligned to a page of the machine. A record of zeroes is one of a used page.
    self.records = memory.bindMemory(to: Record.self, capacity: systemPage + pages + 1)
    self.systemPage = systemPage
    self.add(Run(page: systemPage, count: pages), .cold)
  }

  deinit { Mapping.release(self.records, byteCount: self.recordBytes) }

  /// A run of that many pages, and the part of it whose memory was not the process's; nil where no free
  /// run is that long.
  mutating func allocate(_ count: Int) -> (run: Run, fresh: Run?)? {
    if let page = self.find(count, in: self.warm) {
      return (self.take(page, count, .warm), nil)
    }
    guard let cold = self.find(self.whole(count), in: self.cold) else { return nil }
    // The rest of the last page of the system that was taken: the run begins with that.
    let before = self.records[cold - 1]
    let rest = before.kind == .warm ? Int(before.count) : 0
    if rest >= count { return (self.take(cold - rest, count, .warm), nil) }
    if rest > 0 { _ = self.take(cold - rest, rest, .warm) }
    let fresh = self.take(cold, self.whole(count - rest), .cold)
    let run = Run(page: cold - rest, count: count)
    self.mark(run, .used)
    let over = Run(page: run.page + count, count: rest + fresh.count - count)
    if over.count > 0 {
      self.mark(over, .used)
      self.free(over, as: .warm)
    }
    return (run, fresh)
  }

  /// The next multiple of a page of the system.
  private func whole(_ count: Int) -> Int {
    (count + self.systemPage - 1) / self.systemPage * self.systemPage
  }

  /// Ends a run that `allocate` or `takeIdle` gave out.
  mutating func free(_ run: Run, as kind: Kind) {
    precondition(
      self.records[run.page].kind == .used && self.records[run.page].count == run.count,
      "a run is freed once, whole")
    self.usedPages -= run.count
    var (page, count) = (run.page, run.count)
    // `page - 1` and `page + count` are pages, or the two that are in use for ever.
    let before = self.records[page - 1]
    if before.kind == kind {
      page -= Int(before.count)
      count += Int(before.count)
      self.remove(page, kind)
    }
    let after = run.page + run.count
    if self.records[after].kind == kind {
      count += Int(self.records[after].count)
      self.remove(after, kind)
    }
    self.add(Run(page: page, count: count), kind)
    if kind == .cold { self.discardRecords(of: run, inside: Run(page: page, count: count)) }
  }

  /// Gives back the memory of records that lie between the ends of a cold run, for they say nothing:
  /// those of a part of it, and of the record pages that it shares with its neighbours.
  private func discardRecords(of part: Run, inside run: Run) {
    let perPage = 4096 / MemoryLayout<Record>.stride
    let first = (max(run.page + 1, part.page - perPage) + perPage - 1) / perPage
    let end = min(run.page + run.count - 1, part.page + part.count + perPage) / perPage
    guard first < end else { return }
    // Both are pages of the mapping, which begins with one.
    Mapping.discard(self.records + first * perPage, byteCount: (end - first) * 4096)
  }

  /// Takes out one of the shortest warm runs, whose memory is then to be given back, and no more of it
  /// than `countMax` pages; nil where there is none. The shortest are what taking larger runs has left,
  /// and serve nobody; with the longest first, half of what is written would go to cold pages.
  mutating func takeIdle(countMax: Int) -> Run? {
    guard countMax > 0 else { return nil }
    var bin = RunBins.bin(of: self.systemPage) - 1
    while let next = self.warm.next(after: bin) {
      var page = Int(self.warm.first(of: next))
      for _ in 0..<Self.candidatesMax where page != 0 {
        if let idle = self.takeSystemPages(of: page, countMax: countMax) { return idle }
        page = Int(self.records[page].next)
      }
      bin = next
    }
    return nil
  }

  /// Takes whole pages of the system out of a warm run; nil where it has none.
  private mutating func takeSystemPages(of page: Int, countMax: Int) -> Run? {
    let end = page + Int(self.records[page].count)
    let first = self.whole(page)
    let last = min(end / self.systemPage * self.systemPage, first + self.whole(min(countMax, end)))
    guard first < last else { return nil }
    self.remove(page, .warm)
    if page < first { self.add(Run(page: page, count: first - page), .warm) }
    if last < end { self.add(Run(page: last, count: end - last), .warm) }
    let idle = Run(page: first, count: last - first)
    self.mark(idle, .used)
    self.usedPages += idle.count
    return idle
  }

  private func find(_ count: Int, in bins: borrowing RunBins) -> Int? {
    let bin = RunBins.bin(of: count)
    var page = Int(bins.first(of: bin))
    for _ in 0..<Self.candidatesMax where page != 0 {
      if self.records[page].count >= count { return page }
      page = Int(self.records[page].next)
    }
    // Every run of a later bin is long enough.
    return bins.next(after: bin).map { Int(bins.first(of: $0)) }
  }

  /// Takes the beginning of a free run; the rest stays free.
  private mutating func take(_ page: Int, _ count: Int, _ kind: Kind) -> Run {
    let rest = Int(self.records[page].count) - count
    self.remove(page, kind)
    if rest > 0 { self.add(Run(page: page + count, count: rest), kind) }
    self.mark(Run(page: page, count: count), .used)
    self.usedPages += count
    return Run(page: page, count: count)
  }

  private func mark(_ run: Run, _ kind: Kind) {
    // Both ends are pages of the region.
    let record = Record(count: UInt32(run.count), kind: kind)
    self.records[run.page] = record
    self.records[run.page + run.count - 1] = record
  }

  private mutating func add(_ run: Run, _ kind: Kind) {
    self.mark(run, kind)
    let bin = RunBins.bin(of: run.count)
    let first = kind == .warm ? self.warm.first(of: bin) : self.cold.first(of: bin)
    self.records[run.page].next = first
    if first != 0 { self.records[Int(first)].previous = UInt32(run.page) }
    self.setFirst(UInt32(run.page), of: bin, kind)
    if kind == .warm { self.warmPages += run.count }
  }

  private mutating func remove(_ page: Int, _ kind: Kind) {
    let record = self.records[page]
    if record.next != 0 { self.records[Int(record.next)].previous = record.previous }
    if record.previous != 0 {
      self.records[Int(record.previous)].next = record.next
    } else {
      self.setFirst(record.next, of: RunBins.bin(of: Int(record.count)), kind)
    }
    if kind == .warm { self.warmPages -= Int(record.count) }
  }

  private mutating func setFirst(_ page: UInt32, of bin: Int, _ kind: Kind) {
    if kind == .warm {
      self.warm.setFirst(page, of: bin)
    } else {
      self.cold.setFirst(page, of: bin)
    }
  }
}

/// The beginnings of lists of free runs, by size: bins of one size each below 16 pages, then eight to
/// each doubling.
struct RunBins: ~Copyable {
  private var firsts = [UInt32](repeating: 0, count: count)
  /// A bit for each bin that is not empty.
  private var occupied = InlineArray<4, UInt64>(repeating: 0)

  static let count = 256

  /// The bin of runs of that many pages, 1 to 2^32 - 1.
  static func bin(of pages: Int) -> Int {
    guard pages >= 16 else { return pages }
    let shift = Int.bitWidth - 1 - pages.leadingZeroBitCount - 3
    return 8 * shift + pages >> shift
  }

  func first(of bin: Int) -> UInt32 { self.firsts[bin] }

  mutating func setFirst(_ page: UInt32, of bin: Int) {
    self.firsts[bin] = page
    let bit: UInt64 = 1 << UInt64(bin % 64)
    if page == 0 {
      self.occupied[bin / 64] &= ~bit
    } else {
      self.occupied[bin / 64] |= bit
    }
  }

  /// The next bin that is not empty.
  func next(after bin: Int) -> Int? {
    var word = (bin + 1) / 64
    guard word < 4 else { return nil }
    var bits = self.occupied[word] & ~0 << UInt64((bin + 1) % 64)
    while bits == 0 {
      word += 1
      guard word < 4 else { return nil }
      bits = self.occupied[word]
    }
    return word * 64 + bits.trailingZeroBitCount
  }
}
