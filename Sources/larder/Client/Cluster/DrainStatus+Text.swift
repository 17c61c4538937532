import LarderAPI

extension DrainStatus {
  /// It is not over yet.
  var isUnderWay: Bool { self.state == "leaving" || self.state == "handing_over" }

  /// As people read it: `left 1,234 entries (56.0 KiB) behind`.
  var words: String {
    switch self.state {
    case "handing_over": "handing over"
    case "left_behind":
      "left \(DecimalText.grouped(self.entriesLeft)) entries"
        + " (\(DecimalText.size(self.bytesLeft))) behind"
    case "not_left": "still on the ring"
    default: self.state
    }
  }

  /// Why it has not ended as it should; nil: it has.
  func failure(of id: String) -> CommandFailure? {
    switch self.state {
    case "drained": return nil
    case "left_behind":
      let lines = [
        "\(id) has \(self.words), of which others got a part at most in time; what it has not lost it"
          + " offers to those that own it now: drain it once more to wait for that, or stop it to lose it"
      ]
      return CommandFailure(
        (lines + self.heirs.map(\.words)).joined(separator: "\n"), exit: ExitStatus.notMet)
    case "not_left":
      return CommandFailure(
        "\(id) is \(self.words): etcd could not be told in time that it leaves (leave-timeout); it"
          + " leaves as soon as etcd takes it: drain it once more to wait for that",
        exit: ExitStatus.unavailable)
    default: return NodeClient.unknownAnswer
    }
  }

  /// Names and units as in Protos/larder/v1/admin.proto.
  var json: JSONText {
    .object([
      ("state", .string(self.state)), ("entries_left", .unsigned(self.entriesLeft)),
      ("bytes_left", .unsigned(self.bytesLeft)), ("heirs", .array(self.heirs.map(\.json))),
    ])
  }
}

extension HeirLeft {
  /// As people read it: what it has not got, why, and the remedy.
  var words: String {
    let what = "\(DecimalText.grouped(self.entries)) entries (\(DecimalText.size(self.bytes)))"
    guard self.isGivenUp else { return "\(self.heirID): had yet to get \(what)" }
    let silence = DecimalText.uptime(milliseconds: self.silentMilliseconds)
    return
      "\(self.heirID): did not come for \(what), and gave no sign of life for \(silence), though"
      + " etcd has it alive: see whether it hangs, and in both logs whether one refuses the other's calls"
  }

  fileprivate var json: JSONText {
    .object([
      ("heir_id", .string(self.heirID)), ("entries", .unsigned(self.entries)),
      ("bytes", .unsigned(self.bytes)), ("silent_ms", .unsigned(self.silentMilliseconds)),
      ("given_up", .bool(self.isGivenUp)),
    ])
  }
}
