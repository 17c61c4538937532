import Testing

@testable import CacheStore

/// Versions and deadlines in few bits, and what becomes of those that do not fit.
struct EntryTimeTests {
  private static let start = at(1_000)
  private static let time = EntryTime(startingAt: start)

  private func version(_ milliseconds: Int, _ counter: UInt64) -> Version {
    let wall = Int(Self.start.wallMilliseconds) + milliseconds
    return Version(rawValue: Version(wallMilliseconds: UInt64(wall)).rawValue | counter)
  }

  @Test(arguments: [-(1 << 34), -1, 0, 1, 1 << 34, 3 * (1 << 34) - 1])
  func `a version within two years comes back from 48 bits as it was`(milliseconds: Int) {
    for counter in [0, 1, 77, 4095] as [UInt64] {
      let version = self.version(milliseconds, counter)
      #expect(Self.time.fits(version))
      let narrow = Self.time.narrow(version)
      #expect(narrow < 1 << 48)
      #expect(Self.time.version(narrow) == version)
    }
    #expect(!Self.time.fits(self.version(milliseconds, 4096)), "too many in one millisecond")
    #expect(!Self.time.fits(self.version(milliseconds, 0xFFFF)))
  }

  @Test func `versions from long before the start, or long after it, do not fit`() {
    #expect(!Self.time.fits(self.version(-(1 << 34) - 1, 4095)))
    #expect(!Self.time.fits(self.version(3 * (1 << 34), 0)))
    #expect(!Self.time.fits(.none))
    #expect(!Self.time.fits(Version(rawValue: .max)))
    #expect(!EntryTime().fits(self.version(0, 0)), "there is no beginning of time yet")
  }

  @Test func `a wall clock near 1970 is no obstacle`() {
    let time = EntryTime(startingAt: StoreTime(monotonicMilliseconds: 5, wallMilliseconds: 9))
    for raw in [0, 9 << 16, 10 << 16 | 3] as [UInt64] {
      #expect(time.fits(Version(rawValue: raw)))
      #expect(time.version(time.narrow(Version(rawValue: raw))).rawValue == raw)
    }
  }

  @Test func `deadlines within 49 days of the start fit, and so does none`() {
    let most = Self.start.monotonicMilliseconds + UInt64(UInt32.max) - 1
    for deadline in [Self.start.monotonicMilliseconds, most, Expiry.noDeadline] {
      #expect(Self.time.fits(deadline: deadline))
      #expect(Self.time.deadline(Self.time.narrow(deadline: deadline)) == deadline)
    }
    #expect(!Self.time.fits(deadline: most + 1))
    #expect(!Self.time.fits(deadline: Self.start.monotonicMilliseconds - 1))
  }

  /// Old versions, such of a full counter, and such from a clock that is far ahead.
  static let versions: [UInt64] = [
    1, Version(wallMilliseconds: at(0).wallMilliseconds).rawValue | 0xFFFF,
    Version(wallMilliseconds: at(0).wallMilliseconds + 1 << 40).rawValue, .max - 1 << 32,
  ]

  @Test(arguments: versions)
  func `an entry whose version is wide keeps all that it has, whatever deadline it gets`(
    version: UInt64
  ) throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 20, cores: 1))
    // Starts the shards' clocks.
    for index in 0..<64 { store.set("other \(index)", "x", now: at(10)) }
    #expect(store.copyIn("k", "value", version: version, now: at(10)) == .applied)
    var expected = Found(
      value: Array("value".utf8), version: Version(rawValue: version), expiry: .never, flags: 0)
    #expect(store.get("k", now: at(20)) == expected)
    let month: UInt64 = 30 * 86_400_000
    for milliseconds in [5_000, month, 100 * month, 7, 1_000] {
      _ = store.retime("k", .after(milliseconds: milliseconds), now: at(20))
      expected.expiry = .after(milliseconds: milliseconds)
      #expect(store.get("k", now: at(20)) == expected)
      #expect(store.faults() == [])
    }
    _ = store.retime("k", .never, now: at(20))
    expected.expiry = .never
    #expect(store.get("k", now: at(5_000)) == expected)
  }

  @Test func `an entry that gets a deadline far away keeps all that it has`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 20, cores: 1))
    store.set("k", Array("value".utf8), flags: 7, now: at(10))
    let written = try #require(store.get("k", now: at(10)))
    let years: UInt64 = 1000 * 86_400_000
    for life in [.after(milliseconds: 50), .after(milliseconds: years), .never] as [Expiry] {
      _ = store.retime("k", life, now: at(20))
      #expect(
        store.get("k", now: at(20))
          == Found(value: written.value, version: written.version, expiry: life, flags: 7))
      #expect(store.faults() == [])
    }
  }
}
