/// Between two looks at the same thing.
enum Pause {
  static func seconds(_ seconds: Double) async throws(CommandFailure) {
    do {
      try await Task.sleep(for: .seconds(seconds))
    } catch {
      throw CommandFailure("interrupted", exit: ExitStatus.unavailable)
    }
  }
}
