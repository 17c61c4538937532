import LarderAPI
import Testing

@testable import larder

@Suite struct SteerTests {
  @Test(
    arguments: [
      ("0", 0), ("unlimited", 0), ("4096", 4_096), ("16MiB", 16 << 20), ("512KiB/s", 512 << 10),
    ] as [(String, UInt64)])
  func `a rate is a size a second`(_ text: String, _ bytes: UInt64) throws {
    #expect(try RateCommand.rate(text) == bytes)
  }

  @Test(arguments: ["", "fast", "-1", "16MB", "1.5MiB", "/s"])
  func `what is no rate is refused with what would be`(_ text: String) {
    #expect(
      throws: ArgumentRefusal(
        description: "expected bytes a second, such as 512KiB or 16MiB, or 0 or unlimited")
    ) { try RateCommand.rate(text) }
  }

  @Test func `each node that has followed an order has a line`() {
    var response = SteerMigrationsResponse(cancelled: 2)
    response.migrations.migrations = [MigrationStatus()]
    response.migrations.rateLimit = 1 << 20
    let failure = CommandFailure("nobody there", exit: ExitStatus.unavailable)
    let answers: [ClusterNodes.Answered<SteerMigrationsResponse>] = [
      .init(id: "a", result: .success(response)), .init(id: "b", result: .failure(failure)),
    ]
    func text(_ order: SteerMigrationsRequest.Order) -> String {
      SteerReport(order: order, answers).text
    }
    #expect(text(.pause) == "a: paused, with 1 migration under way\n")
    #expect(text(.resume) == "a: resumed, with 1 migration under way\n")
    #expect(SteerReport(order: .resume, with: "c", answers).text == "a: resumed with c\n")
    #expect(SteerReport(order: .pause, with: "c", answers).text == "a: paused with c\n")
    #expect(text(.cancel) == "a: 2 cancelled\n")
    #expect(text(.rate(bytesPerSecond: 1 << 20)) == "a: sends 1.0 MiB/s\n")
    #expect(
      ClusterNodes.failure(of: answers)
        == CommandFailure("b: nobody there", exit: ExitStatus.unavailable))
    #expect(ClusterNodes.failure(of: Array(answers.prefix(1))) == nil)
  }

  @Test func `what several nodes say alike is told once`() {
    let (one, other) = (
      CommandFailure("no", exit: ExitStatus.refused),
      CommandFailure("busy", exit: ExitStatus.unavailable)
    )
    let answers: [ClusterNodes.Answered<Int>] = [
      .init(id: "a", result: .failure(one)), .init(id: "b", result: .failure(other)),
      .init(id: "c", result: .failure(one)), .init(id: "d", result: .success(1)),
    ]
    #expect(
      ClusterNodes.failure(of: answers)
        == CommandFailure("a, c: no\nb: busy", exit: ExitStatus.refused))
  }

  @Test func `a drain fails unless others have all`() {
    var status = DrainStatus()
    status.state = "handing_over"
    #expect(status.isUnderWay && status.words == "handing over")
    status.state = "drained"
    #expect(!status.isUnderWay && status.failure(of: "a") == nil)
    status.state = "left_behind"
    status.entriesLeft = 1_234
    status.bytesLeft = 2_048
    #expect(status.failure(of: "a")?.exit == ExitStatus.notMet)
    #expect(
      status.failure(of: "a")?.message.hasPrefix("a has left 1,234 entries (2.0 KiB) behind")
        == true)
    var heir = HeirLeft()
    heir.heirID = "b"
    heir.entries = 1_000
    heir.bytes = 1_024
    heir.silentMilliseconds = 1_999
    status.heirs = [heir]
    #expect(
      status.failure(of: "a")?.message.hasSuffix("\nb: had yet to get 1,000 entries (1.0 KiB)")
        == true)
    heir.isGivenUp = true
    heir.silentMilliseconds = 15_100
    status.heirs.append(heir)
    #expect(
      status.failure(of: "a")?.message.hasSuffix(
        "\nb: did not come for 1,000 entries (1.0 KiB), and gave no sign of life for 15s, though etcd has it"
          + " alive: see whether it hangs, and in both logs whether one refuses the other's calls")
        == true)
    status.heirs.removeFirst()
    status.state = "not_left"
    #expect(status.failure(of: "a")?.exit == ExitStatus.unavailable)
    status.state = "unheard of"
    #expect(status.failure(of: "a") == NodeClient.unknownAnswer)
    #expect(
      status.json.description
        == #"{"state":"unheard of","entries_left":1234,"bytes_left":2048,"heirs":["#
        + #"{"heir_id":"b","entries":1000,"bytes":1024,"silent_ms":15100,"given_up":true}]}"#)
  }
}
