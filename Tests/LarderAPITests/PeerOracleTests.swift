import LarderAPI
import ProtobufOracle
import Testing
import Wire

@Suite struct PeerOracleTests {
  @Test func `ReportResponse agrees with protobuf-c`() throws {
    var values = RandomValues()
    for _ in 0..<oracleRounds {
      values.nextRound()
      var report = ReportResponse()
      report.nodeID = String(decoding: values.text(), as: UTF8.self)
      report.reachesEtcd = values.uint32() % 2 == 0
      report.epoch = String(decoding: values.text(), as: UTF8.self)
      report.incarnation = values.uint64()
      let expected = report
      let ours = report.serialized()
      let theirs = try oracle(ours, larder__v1__report_response__unpack, values.comment) { read in
        text(read.node_id) == Array(expected.nodeID.utf8)
          && (read.reaches_etcd != 0) == expected.reachesEtcd
          && text(read.epoch) == Array(expected.epoch.utf8)
          && read.incarnation == expected.incarnation
      }
      #expect(theirs == ours, values.comment)
      #expect(try ReportResponse(decoding: theirs.span.bytes) == report, values.comment)
    }
  }

  @Test func `ReportRequest is empty, for protobuf-c too`() throws {
    let theirs = try oracle([], larder__v1__report_request__unpack, "empty") { _ in true }
    #expect(theirs == ReportRequest().serialized())
  }
}
