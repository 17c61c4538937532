import Foundation
import Testing

/// Every input that is kept, through the target that it is for: seeds, and whatever once failed.
@Suite struct `Inputs that were kept` {
  @Test(arguments: FuzzTarget.all.map(\.name))
  func `do no harm`(target name: String) async throws {
    let target = try #require(FuzzTarget.named(name))
    let inputs = try target.seeds + KeptInputs.of(name).map { try Array(Data(contentsOf: $0)) }
    #expect(!inputs.isEmpty)
    await onThreadOfItsOwn { for input in inputs { target.run(input) } }
  }

  @Test func `are all for a target that there is`() throws {
    let names = Set(FuzzTarget.all.map(\.name))
    for folder in try KeptInputs.folders() {
      #expect(names.contains(folder.lastPathComponent), "\(folder.path)")
    }
  }

  @Test func `that break a target are noticed`() async {
    await #expect(processExitsWith: .failure) {
      FuzzTarget(name: "broken") { precondition($0.isEmpty) }.run([1])
    }
  }
}

/// Some targets wait for a server, whose tasks need the threads that tests run on.
private func onThreadOfItsOwn(_ body: @escaping @Sendable () -> Void) async {
  await withCheckedContinuation { continuation in
    Thread {
      body()
      continuation.resume()
    }.start()
  }
}

/// The files under Seeds/ and Findings/, a folder for each target.
private enum KeptInputs {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()

  static func folders() throws -> [URL] {
    try ["Seeds", "Findings"].flatMap { kind in
      try contents(self.root.appending(path: kind)).filter { $0.hasDirectoryPath }
    }
  }

  static func of(_ target: String) throws -> [URL] {
    try self.folders().filter { $0.lastPathComponent == target }.flatMap { try contents($0) }
  }

  private static func contents(_ folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { !$0.lastPathComponent.hasPrefix(".") }
      .sorted { $0.path < $1.path }
  }
}
