internal import Dispatch
internal import Glibc
internal import Synchronization

/// Runs tasks for which no call waits: one at a time, with rests in between (`WorkPace`), on a thread that
/// nothing else waits for. What such a task does between two suspensions is a piece of work, and is to take
/// some hundred microseconds at most: `Task.yield()` ends one.
final class PacedExecutor: TaskExecutor {
  private let queue = DispatchQueue(label: "larder.migrations")
  private let pace = Mutex(WorkPace())
  private let restFactor: Atomic<Int>

  init(_ speed: WorkPace.Speed) { self.restFactor = Atomic(speed.rawValue) }

  /// Has the work go on at another speed from now on.
  func setSpeed(_ speed: WorkPace.Speed) {
    self.restFactor.store(speed.rawValue, ordering: .relaxed)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    self.queue.async {
      let start = ContinuousClock.now
      job.runSynchronously(on: self.asUnownedTaskExecutor())
      self.rest(since: start)
    }
  }

  private func rest(since start: ContinuousClock.Instant) {
    guard let speed = WorkPace.Speed(rawValue: self.restFactor.load(ordering: .relaxed)),
      let rest = self.pace.withLock({ $0.worked(start.duration(to: .now), at: speed) })
    else { return }
    // The thread is the queue's own, so nobody is kept from anything, and no timer is needed.
    var time = timespec(tv_sec: 0, tv_nsec: Int(rest / .nanoseconds(1)))
    nanosleep(&time, nil)
  }
}
