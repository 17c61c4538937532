import Synchronization
import Testing

@testable import Cluster

@Suite struct WorkPaceTests {
  private static let piece: Duration = .microseconds(75)

  @Test(arguments: [(WorkPace.Speed.hurried, 500), (.gentle, 1_000), (.full, 0)])
  func `most of the time is rest, in pieces that are worth a wake-up`(
    speed: WorkPace.Speed, expected: Int
  ) {
    var pace = WorkPace()
    var (worked, rested, rests) = (Duration.zero, Duration.zero, 0)
    for _ in 0..<1_000 {
      worked += Self.piece
      guard let rest = pace.worked(Self.piece, at: speed) else { continue }
      #expect(rest >= WorkPace.restMin)
      rested += rest
      rests += 1
    }
    #expect(rested == worked * speed.rawValue && rests == expected)
  }

  @Test func `a piece that has taken very long does not stop the work`() {
    var pace = WorkPace()
    let rest = pace.worked(.seconds(10), at: .hurried)
    #expect(rest == WorkPace.restMax)
    let next = pace.worked(.microseconds(10), at: .hurried)
    #expect(next == nil, "nothing is owed from before")
  }
}

@Suite struct PacedExecutorTests {
  private final class Counts: Sendable {
    /// Pieces of work that are being done.
    let inside = Atomic(0)
    /// How many were, as others began.
    let together = Atomic(0)
  }

  /// What pieces of work that each take a while do of `count` tasks that have begun together.
  private func run(_ executor: PacedExecutor, tasks: Int, pieces: Int) async -> (Int, Duration) {
    let counts = Counts()
    let start = ContinuousClock.now
    await withTaskExecutorPreference(executor) {
      await withDiscardingTaskGroup { group in
        for _ in 0..<tasks {
          group.addTask {
            for _ in 0..<pieces {
              let others = counts.inside.add(1, ordering: .relaxed).oldValue
              let end = ContinuousClock.now + .microseconds(200)
              while ContinuousClock.now < end {}
              counts.together.add(others, ordering: .relaxed)
              counts.inside.subtract(1, ordering: .relaxed)
              await Task.yield()
            }
          }
        }
      }
    }
    return (counts.together.load(ordering: .relaxed), start.duration(to: .now))
  }

  @Test func `pieces of work of several tasks come one after the other, with rests in between`()
    async
  {
    let executor = PacedExecutor(.hurried)
    let (together, took) = await self.run(executor, tasks: 4, pieces: 25)
    #expect(together == 0)
    #expect(took >= .microseconds(200) * 100 * (1 + WorkPace.Speed.hurried.rawValue) * 9 / 10)
  }

  @Test func `without rests pieces of work still come one after the other`() async {
    let executor = PacedExecutor(.gentle)
    executor.setSpeed(.full)
    let (together, _) = await self.run(executor, tasks: 4, pieces: 25)
    #expect(together == 0)
  }
}
