import Foundation
import Synchronization

/// A signal handler can reach nothing but globals, and may do little more than store a flag.
private let isNoted = Atomic<Bool>(false)

/// Ctrl-C as a wish to end early. The first one is noted; a second one ends the process as usual.
struct Interruption: Sendable {
  /// How soon a wait notices.
  private static let pollMilliseconds: Int64 = 20

  /// Takes over Ctrl-C, for the rest of the process.
  init() {
    // Also sees to it that the flag exists before a handler needs it.
    isNoted.store(false, ordering: .relaxed)
    signal(SIGINT) { _ in
      isNoted.store(true, ordering: .relaxed)
      signal(SIGINT, SIG_DFL)
    }
  }

  /// True once Ctrl-C was pressed.
  var isRequested: Bool { isNoted.load(ordering: .relaxed) }

  /// Waits for Ctrl-C.
  func wait() async throws {
    while !self.isRequested {
      try await Task.sleep(for: .milliseconds(Self.pollMilliseconds))
    }
  }

  /// Waits until `deadline`, or until Ctrl-C.
  func sleep(until deadline: ContinuousClock.Instant) async throws {
    while !self.isRequested && ContinuousClock.now < deadline {
      let next = ContinuousClock.now + .milliseconds(Self.pollMilliseconds)
      try await Task.sleep(until: min(next, deadline), clock: .continuous)
    }
  }
}
