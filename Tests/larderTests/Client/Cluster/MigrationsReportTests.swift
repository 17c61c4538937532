import LarderAPI
import Testing

@testable import larder

@Suite struct MigrationsReportTests {
  private func migration(
    with peer: String, _ direction: String, done: UInt32 = 0, left: UInt64? = nil,
    isPaused: Bool = false
  ) -> MigrationStatus {
    var migration = MigrationStatus()
    migration.peerID = peer
    migration.direction = direction
    migration.shareMillionths = 83_333
    migration.donePermille = done
    migration.items = 1_234
    migration.bytes = 2_048
    migration.bytesPerSecond = 1_024
    migration.secondsLeft = left
    migration.isPaused = isPaused
    return migration
  }

  private func node(_ id: String, _ migrations: [MigrationStatus]) -> MigrationsStatus {
    var status = MigrationsStatus()
    status.nodeID = id
    status.migrations = migrations
    return status
  }

  private func report(_ nodes: MigrationsStatus...) -> MigrationsReport {
    MigrationsReport(nodes.map { .init(id: $0.nodeID, result: .success($0)) })
  }

  @Test func `a migration is shown once, as the node has it that sends`() {
    let report = self.report(
      self.node("a", [self.migration(with: "b", "outbound", done: 512, left: 65)]),
      self.node("b", [self.migration(with: "a", "inbound", done: 400)]))
    #expect(report.flows.count == 1 && report.flows[0].status.donePermille == 512)
    #expect(
      report.text == """
        from  to  share  progress                  done  items    bytes       rate   left
        a     b   8.3 %  [##########..........]  51.2 %  1,234  2.0 KiB  1.0 KiB/s  1m 5s

        node  rate limit  state  sent  bytes  received  bytes
        a           none  going     0    0 B         0    0 B
        b           none  going     0    0 B         0    0 B

        """)
  }

  @Test func `one whose sender does not answer is shown by its receiver`() {
    let failure = CommandFailure("UNAVAILABLE: nobody there", exit: ExitStatus.unavailable)
    let status = self.node("b", [self.migration(with: "a", "inbound", done: 400)])
    let report = MigrationsReport([
      .init(id: "a", result: .failure(failure)), .init(id: "b", result: .success(status)),
    ])
    #expect(report.flows.map(\.from) == ["a"] && report.flows.map(\.to) == ["b"])
    #expect(report.text.hasSuffix("\na: UNAVAILABLE: nobody there\n"))
    #expect(report.json.description.contains(#""failures":[{"node_id":"a","error":"UNAV"#))
  }

  @Test func `one that either end has paused is paused`() {
    let report = self.report(
      self.node("a", [self.migration(with: "b", "outbound", left: 5)]),
      self.node("b", [self.migration(with: "a", "inbound", isPaused: true)]))
    #expect(report.flows.map(\.isPaused) == [true])
    #expect(report.text.contains("paused     -\n"))
    #expect(report.summary?.hasSuffix("paused: larder cluster resume") == true)
  }

  @Test func `a cluster in which nothing moves says so`() {
    let report = self.report(self.node("a", []))
    #expect(report.text.hasPrefix("nothing is on its way\n\nnode"))
    #expect(report.summary == nil)
    #expect(report.json.description.hasPrefix(#"{"migrations":[],"nodes":[{"node_id":"a""#))
  }

  @Test func `all of them in one line weigh by their shares, and take as long as the longest`() {
    let report = self.report(
      self.node(
        "a",
        [
          self.migration(with: "b", "outbound", done: 1_000, left: 0),
          self.migration(with: "c", "outbound", left: 30),
        ]))
    #expect(report.summary == "[##########..........]  50.0 %  2.0 KiB/s  30s left")
  }

  @Test func `the JSON has a null where nobody knows the time left`() {
    let report = self.report(self.node("a", [self.migration(with: "b", "outbound", done: 7)]))
    #expect(
      report.json.description.contains(
        #"{"from":"a","to":"b","share_millionths":83333,"done_permille":7,"items":1234,"#
          + #""bytes":2048,"bytes_per_second":1024,"seconds_left":null,"paused":false}"#))
  }

  @Test(
    arguments: [(0, 0), (49, 0), (50, 1), (999, 19), (1_000, 20), (5_000, 20)] as [(UInt32, Int)])
  func `a bar is full when all is done, and not before`(_ permille: UInt32, _ cells: Int) {
    let bar = MigrationsReport.bar(permille: permille)
    #expect(bar.count == 22 && bar.count { $0 == "#" } == cells)
  }
}
