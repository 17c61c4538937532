import Foundation
import Logging
import Synchronization
import Testing

@testable import Node

@Suite struct ReloaderTests {
  private struct Refusal: Error {}

  /// Counts how often it is read.
  private final class Probe: Reloadable {
    let name = "probe"
    let files: FileStamps
    let reads = Atomic<Int>(0)
    let isBad = Atomic<Bool>(false)

    init(_ path: String) { self.files = FileStamps([path]) }

    var count: Int { self.reads.load(ordering: .relaxed) }

    func reload() throws {
      self.reads.add(1, ordering: .relaxed)
      if self.isBad.load(ordering: .relaxed) { throw Refusal() }
    }
  }

  private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func withProbe(_ body: (Probe, Reloader, URL) async throws -> Void) async throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("larder-\(UUID().uuidString).pem")
    try Data("one".utf8).write(to: file)
    let probe = Probe(file.path)
    try await body(probe, Reloader([probe], logger: Self.silent), file)
    try FileManager.default.removeItem(at: file)
  }

  @Test func `files are read again when they have changed, and not before`() async throws {
    try await self.withProbe { probe, reloader, file in
      await reloader.reloadChanged()
      #expect(probe.count == 0)
      try Data("other".utf8).write(to: file)
      await reloader.reloadChanged()
      await reloader.reloadChanged()
      #expect(probe.count == 1)
    }
  }

  @Test func `a change between the first reading and the first look is seen`() async throws {
    try await self.withProbe { probe, _, file in
      try Data("other".utf8).write(to: file)
      await Reloader([probe], logger: Self.silent).reloadChanged()
      #expect(probe.count == 1)
    }
  }

  @Test func `a bad file is read again when it has changed again`() async throws {
    try await self.withProbe { probe, reloader, file in
      probe.isBad.store(true, ordering: .relaxed)
      try Data("bad".utf8).write(to: file)
      await reloader.reloadChanged()
      await reloader.reloadChanged()
      #expect(probe.count == 1)
      try Data("better".utf8).write(to: file)
      await reloader.reloadChanged()
      #expect(probe.count == 2)
    }
  }

  @Test func `a swapped symbolic link is a change`() async throws {
    try await self.withProbe { _, _, file in
      let manager = FileManager.default
      let (link, next) = (file.path + ".link", file.path + ".next")
      try Data("one".utf8).write(to: URL(fileURLWithPath: next))
      try manager.createSymbolicLink(atPath: link, withDestinationPath: file.path)
      let before = FileStamps([link])
      #expect(before == FileStamps([link]))
      try manager.removeItem(atPath: link)
      try manager.createSymbolicLink(atPath: link, withDestinationPath: next)
      #expect(before != FileStamps([link]))
      try manager.removeItem(atPath: link)
      #expect(before != FileStamps([link]))
      try manager.removeItem(atPath: next)
    }
  }

  @Test func `SIGHUP reads everything, changed or not`() async throws {
    try await self.withProbe { probe, reloader, _ in
      await reloader.reloadAll()
      await reloader.reloadAll()
      #expect(probe.count == 2)
      await reloader.reloadChanged()
      #expect(probe.count == 2)
    }
  }
}
