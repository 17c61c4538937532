import ArgumentParser
import Node
import Testing

@testable import larder

@Suite struct ServeCommandTests {
  private static let help = Larder.helpMessage(for: ServeCommand.self, columns: 100)

  @Test func `every setting of the table has a flag, and every flag a setting`() {
    let flags = Self.help.matches(of: /(?m)^ +--([a-z-]+) </).map { String($0.output.1) }
    #expect(flags == Setting.all.map(\.name))
  }

  @Test(arguments: Setting.all.map(\.name))
  func `the value of each flag reaches the configuration under its name`(name: String) throws {
    let command = try ServeCommand.parse(["--\(name)", "some value"])
    #expect(command.flags == [name: "some value"])
  }

  @Test func `flags that were not given are absent`() throws {
    #expect(try ServeCommand.parse([]).flags == [:])
  }

  @Test func `the help shows each default and each variable, in groups`() {
    let unwrapped = Self.help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for setting in Setting.all {
      #expect(unwrapped.contains("(default: \(setting.defaultText); \(setting.variableName))"))
    }
    for group in Setting.Group.allCases {
      #expect(Self.help.contains("\n\(group.rawValue.uppercased()):\n"))
    }
  }

  @Test func `each flag stands in the group of its setting`() {
    for group in Setting.Group.allCases {
      let section =
        Self.help.split(separator: "\n\n")
        .first { $0.hasPrefix("\(group.rawValue.uppercased()):") } ?? ""
      let flags = section.matches(of: /(?m)^ +--([a-z-]+) </).map { String($0.output.1) }
      #expect(flags == Setting.all.filter { $0.group == group }.map(\.name))
    }
  }

  @Test func `a failure at run time exits with status 1`() {
    struct Failure: Error {}
    #expect(Larder.exitCode(for: Failure()).rawValue == 1)
  }

  @Test func `no line of the help is longer than 100 columns`() {
    #expect(Self.help.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }
}
