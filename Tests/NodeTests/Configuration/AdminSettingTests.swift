import Testing

@testable import Node

/// The settings of the admin pages. How far they may be offered is in `ExposureTests`.
@Suite struct AdminSettingTests {
  @Test(arguments: [
    (Setting.adminConnectionsMax, "1", "0", "is too small"),
    (.adminConnectionsMax, "10000", "10001", "is too large"),
    (.adminRequestMax, "1KiB", "1023", "is too small"),
    (.adminRequestMax, "1MiB", "1048577", "is too large"),
    (.adminTimeout, "10ms", "9ms", "is too small"),
    (.adminTimeout, "1h", "3600001ms", "is too large"),
  ])
  func `the value at the edge is taken and the one past it refused`(
    setting: Setting, taken: String, refused: String, problem: String
  ) throws {
    #expect(setting.text(in: try load([setting.name: taken])) == taken)
    #expect(
      try problems([setting.name: refused]) == [
        "--\(setting.name): \"\(refused)\" \(problem). Expected \(setting.expected)."
      ])
  }

  @Test func `the pages are on by default, on loopback, and can be turned off`() throws {
    #expect(try load().admin == HostPort(host: "127.0.0.1", port: 7680))
    let off = try load(["admin": "off"])
    #expect(off.admin == nil && Setting.admin.text(in: off) == "off")
    for local in ["localhost:1", "[::1]:1", "127.0.0.9:0"] {
      #expect(try load(["admin": local]).admin?.description == local)
    }
  }

  @Test func `what is neither an address nor off is refused in these words`() throws {
    #expect(
      try problems(["admin": "no"]) == [
        "--admin: \"no\" has no port. Expected \(Setting.admin.expected)."
      ])
  }
}
