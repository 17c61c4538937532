import Synchronization
import Testing

@testable import CacheStore

struct ConcurrencyTests {
  @Test("versions of four threads are all different, and each thread's only grow")
  func versionClock() async {
    let clock = VersionClock(above: Version(wallMilliseconds: 1000))
    let drawn = await withTaskGroup(of: [Version].self) { group in
      for thread in 0..<4 {
        group.addTask {
          (0..<50_000).map { step in
            // The wall stands still, goes on and goes back.
            if step % 1000 == 999 {
              clock.observe(Version(wallMilliseconds: UInt64(1000 + step + thread)))
            }
            return clock.next(wallMilliseconds: UInt64(1000 + step / 100 - thread))
          }
        }
      }
      return await group.reduce(into: [[Version]]()) { $0.append($1) }
    }
    for versions in drawn {
      #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 })
    }
    #expect(Set(drawn.joined()).count == 200_000)
    #expect(drawn.joined().max() == clock.newest)
  }

  @Test("the clock follows the wall, counts on when it stands still, and passes what it observes")
  func clockByHand() {
    let clock = VersionClock()
    #expect(clock.next(wallMilliseconds: 5) == Version(rawValue: 5 << 16))
    #expect(clock.next(wallMilliseconds: 5) == Version(rawValue: 5 << 16 + 1))
    #expect(clock.next(wallMilliseconds: 3) == Version(rawValue: 5 << 16 + 2))
    clock.observe(Version(rawValue: 4 << 16))
    #expect(clock.next(wallMilliseconds: 5) == Version(rawValue: 5 << 16 + 3))
    clock.observe(Version(rawValue: 9 << 16 + 0xFFFF))
    #expect(clock.next(wallMilliseconds: 9) == Version(rawValue: 10 << 16), "the counter carries")
    #expect(clock.next(wallMilliseconds: 11).milliseconds == 11)
    #expect(VersionClock(above: Version(rawValue: 7)).next(wallMilliseconds: 0).rawValue == 8)
  }

  @Test("four threads, one key: no increment is lost and versions grow")
  func increments() async throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var newest = Version.none
          for _ in 0..<5000 {
            do throws(IncrementError) {
              let result = try store.add("n", 1)
              #expect(result.version > newest)
              newest = result.version
            } catch {
              Issue.record("\(error)")
            }
          }
        }
      }
    }
    #expect(store.get("n")?.text == "20000")
  }

  /// Each value says which key it belongs to and is uniform, so a torn or misplaced one shows.
  @Test("four threads do everything at once under eviction, with tracked arcs, scans and drops")
  func stress() async throws {
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 4 << 20, valueMaxBytes: 64 << 10, tombstonesMax: 500, cores: 2))
    #expect(store.configuration.shardCount == 8)
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<4 {
        group.addTask { self.work(on: store, seed: UInt64(thread)) }
      }
    }
    #expect(store.statistics().pinnedBytes == 0)
    #expect(store.faults() == [])
  }

  private func work(on store: Store, seed: UInt64) {
    var random = SplitMix64(state: seed)
    var held: [Extent] = []
    var cursor: ScanCursor?
    for step in 0..<8000 {
      let number = Int.random(in: 0..<500, using: &random)
      let name = "key\(number)"
      let now = at(UInt64(step))
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<40:
        guard let found = store.get(name, now: now) else { continue }
        let expected = UInt8(number % 251)
        #expect(found.value.allSatisfy { $0 == expected })
      case 40..<70:
        let size = Int.random(in: 0..<2, using: &random) == 0 ? 100 : 20_000
        store.set(
          name, [UInt8](repeating: UInt8(number % 251), count: size),
          expiry: .after(milliseconds: 1000), now: now)
      case 70..<78:
        if let extent = store.extent(name) { held.append(extent) }
        if held.count > 3 { held.removeFirst() }
        for extent in held { #expect(extent.bytes.byteCount == 20_000) }
      case 78..<88:
        store.remove(name, now: now)
      case 88..<92:
        let arc = HashArc(after: random.next(), through: random.next())
        store.track(ArcSet([arc]))
        store.remove(name, now: now)
        store.untrack(ArcSet([arc]))
      case 92..<96:
        cursor = store.scan(.everything, from: cursor ?? store.beginScan(), now: now) { item in
          if case .entry(let entry) = item.content { #expect(entry.value.byteCount <= 20_000) }
        }
      case 96..<99:
        _ = store.sweep(bucketsMax: 100, now: now)
      default:
        let start = random.next()
        // Modulo 2^64: an arc of a 256th of the circle.
        var position: DropCursor? = DropCursor()
        while let next = position {
          position = store.drop(
            ArcSet([HashArc(after: start, through: start &+ 1 << 56)]), from: next)
        }
      }
    }
  }
}
