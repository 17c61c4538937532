import ArgumentParser
import Node
import Testing

@testable import larder

@Suite struct ServeCommandTests {
  private static let help = Larder.helpMessage(for: ServeCommand.self, columns: 100)

  @Test func `every setting of the table has a flag, and every flag a setting`() {
    #expect(Self.flags(in: Self.help) == Setting.all.map(\.name))
  }

  /// The names of the flags that stand at the beginning of a line, but those of every command.
  private static func flags(in help: String) -> [String] {
    help.matches(of: /(?m)^  --([a-z-]+)(?: |$)/).map { String($0.output.1) }
      .filter { $0 != "version" }
  }

  @Test(arguments: Setting.all.filter(\.takesValue).map(\.name))
  func `the value of each flag reaches the configuration under its name`(name: String) throws {
    let command = try ServeCommand.parse(["--\(name)", "some value"])
    #expect(command.flags == [name: "some value"])
  }

  @Test(arguments: Setting.all.filter { !$0.takesValue }.map(\.name))
  func `a flag without a value is true by being there`(name: String) throws {
    #expect(try ServeCommand.parse(["--\(name)"]).flags == [name: "true"])
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
      let names = Setting.all.filter { $0.group == group }.map(\.name)
      #expect(Self.flags(in: String(section)) == names)
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
