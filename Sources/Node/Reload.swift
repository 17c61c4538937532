internal import Logging
internal import UnixSignals

/// What a node has read from files and can read anew while it runs.
///
/// `NodeServer.reloadables` lists all of them: SIGHUP reads every one anew, and a look at each interval
/// those whose files have changed.
protocol Reloadable: Sendable {
  /// For logs, such as "TLS certificate".
  var name: String { get }
  /// The files, as they were just before they were first read.
  var files: FileStamps { get }
  /// Reads the files, and has what they say used from now on.
  ///
  /// - Throws: what is wrong with them, in words that name the file; all stays as it was.
  func reload() throws
  /// At each interval, after the files: for what changes with time alone.
  func check()
}

extension Reloadable {
  func check() {}
}

/// Decides when files are read anew. Not a part of serving: whatever goes wrong here is logged, and
/// the node goes on with what it has.
actor Reloader {
  private struct Item {
    let reloadable: any Reloadable
    var files: FileStamps
  }

  private var items: [Item]
  private let logger: Logger

  init(_ reloadables: [any Reloadable], logger: Logger) {
    self.items = reloadables.map { Item(reloadable: $0, files: $0.files) }
    self.logger = logger
  }

  /// Watches until the task is cancelled.
  ///
  /// - Parameter hangUps: SIGHUP, trapped already: one that nobody traps ends the process.
  nonisolated func run(every interval: Duration, hangUps: UnixSignalsSequence) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in hangUps { await self.reloadAll() }
      }
      group.addTask {
        do {
          while true {
            try await Task.sleep(for: interval)
            await self.reloadChanged()
          }
        } catch {
          // Cancelled, which is how the watching ends.
        }
      }
    }
  }

  /// Reads everything anew.
  func reloadAll() {
    if self.items.isEmpty { self.logger.info("SIGHUP: no setting is read from a file again") }
    for index in self.items.indices {
      self.reload(index, FileStamps(self.items[index].files.paths))
    }
  }

  /// Reads what has changed anew. A file that was refused is not read again before it changes.
  func reloadChanged() {
    for index in self.items.indices {
      let now = FileStamps(self.items[index].files.paths)
      if now != self.items[index].files { self.reload(index, now) }
      self.items[index].reloadable.check()
    }
  }

  /// - Parameter stamps: of before the reading, so that a change during it is seen at the next look.
  private func reload(_ index: Int, _ stamps: FileStamps) {
    self.items[index].files = stamps
    let reloadable = self.items[index].reloadable
    do {
      try reloadable.reload()
      self.logger.info("reloaded: \(reloadable.name)")
    } catch {
      self.logger.error(
        "not reloaded, the old one stays in use: \(reloadable.name)",
        metadata: ["error": "\(error)"])
    }
  }
}
