import Testing

@testable import Node

@Suite struct PrometheusTextTests {
  @Test func `a family has its help, its type and its samples`() {
    var page = PrometheusText()
    page.begin("larder_hits_total", .counter, "Reads that found an entry.")
    page.sample(3, [("namespace", "")])
    page.sample("0.5", [("namespace", "a"), ("more", "b")], suffix: "_sum")
    page.single("larder_entries", .gauge, "Held.", 0)
    #expect(
      page.text == """
        # HELP larder_hits_total Reads that found an entry.
        # TYPE larder_hits_total counter
        larder_hits_total{namespace=""} 3
        larder_hits_total_sum{namespace="a",more="b"} 0.5
        # HELP larder_entries Held.
        # TYPE larder_entries gauge
        larder_entries 0

        """)
  }

  @Test func `backslashes, line feeds and quotes are escaped`() {
    var page = PrometheusText()
    page.begin("a", .gauge, #"one\two "three""# + "\nfour")
    page.sample(1, [("label", #"one\two "three""# + "\nfour")])
    #expect(
      page.text == #"""
        # HELP a one\\two "three"\nfour
        # TYPE a gauge
        a{label="one\\two \"three\"\nfour"} 1

        """#)
  }

  @Test(arguments: [
    (0, "0"), (1, "0.000000001"), (50_000, "0.00005"), (250_000_000, "0.25"),
    (1_000_000_000, "1"), (2_500_000_000, "2.5"),
    (1_763_700_000_123_456_789, "1763700000.123456789"),
  ])
  func `nanoseconds become exact seconds`(nanoseconds: Int64, text: String) {
    #expect(PrometheusText.seconds(nanoseconds: nanoseconds) == text)
  }
}
