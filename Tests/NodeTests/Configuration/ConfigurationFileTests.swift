import Foundation
import Logging
import Testing

@testable import Node

@Suite struct ConfigurationFileTests {
  @Test(arguments: ["", "\n\n", "# only a comment\n", "---\n", "null\n", "{}", "\u{FEFF}"])
  func `a file that says nothing leaves the defaults`(yaml: String) throws {
    var expected = NodeConfiguration(coreCount: 4)
    let configuration = try load(yaml: yaml)
    expected.configFile = configuration.configFile
    #expect(configuration == expected)
  }

  @Test func `values may be numbers, quoted texts or blocks in YAML's eyes`() throws {
    let configuration = try load(
      yaml: "\u{FEFF}loops: 8\nmemory: \"2GiB\"\nlog-level: 'debug'\nlisten: [::1]:1\n"
        .replacingOccurrences(of: "[::1]:1", with: "'[::1]:1'"))
    #expect(configuration.loops == 8)
    #expect(configuration.memoryBytes == 2 << 30)
    #expect(configuration.logLevel == .debug)
    #expect(configuration.listen == HostPort(host: "::1", port: 1))
  }

  @Test(arguments: [
    ("- memory\n", "FILE, line 1: found a list. Expected settings, such as memory: 1GiB."),
    ("memory\n", "FILE, line 1: found \"memory\". Expected settings, such as memory: 1GiB."),
    ("memroy: 1GiB\n", "FILE, line 1: no setting is named \"memroy\". Did you mean memory?"),
    (
      "namespace: []\n",
      "FILE, line 1: no setting is named \"namespace\". Did you mean namespaces?"
    ),
    ("config: x\n", "FILE, line 1: a file cannot name another one by config."),
    ("? [a]\n: 1\n", "FILE, line 1: the name of a setting cannot be a list."),
    ("1: 1\n", "FILE, line 1: no setting is named \"1\"."),
    (
      "\nloops: two\n",
      "loops in FILE, line 2: \"two\" is not a whole number."
        + " Expected a whole number from 1 to 1024."
    ),
    (
      "loops:\n  max: 2\n",
      "loops in FILE, line 1: found a map. Expected a whole number from 1 to 1024."
    ),
    (
      "loops: [1, 2]\n",
      "loops in FILE, line 1: found a list. Expected a whole number from 1 to 1024."
    ),
    (
      "loops:\n", "loops in FILE, line 1: found nothing. Expected a whole number from 1 to 1024."
    ),
    (
      "loops: ~\n", "loops in FILE, line 1: found nothing. Expected a whole number from 1 to 1024."
    ),
    (
      "loops: ''\n",
      "loops in FILE, line 1: \"\" is empty. Expected a whole number from 1 to 1024."
    ),
    (
      "loops: 1\nmemory: 1GiB\nloops: 2\n", "FILE, line 1: \"loops\" is given more than once."
    ),
    (
      "loops: 1\n---\nloops: 2\n",
      "FILE, line 2: this is not valid YAML: but found another document."
    ),
    (
      "loops: *x\n", "FILE, line 1: this is not valid YAML: found undefined alias."
    ),
    (
      "loops: 'a\n",
      "FILE, line 2: this is not valid YAML: found unexpected end of stream."
    ),
    (
      "a: b: c\n",
      "FILE, line 1: this is not valid YAML: mapping values are not allowed in this context."
    ),
    (
      "\tloops: 1\n",
      "FILE, line 1: this is not valid YAML: found character that cannot start any token."
    ),
    (
      "loops: \u{1}\n", "FILE: this is not valid YAML: control characters are not allowed."
    ),
  ])
  func `a file of a wrong shape is refused with its line`(yaml: String, message: String) throws {
    #expect(try problems(yaml: yaml) == [message])
  }

  @Test func `all that is wrong is reported at once, whatever its source`() throws {
    let messages = try problems(
      ["loops": "x"], environment: ["LARDER_MEMORY": "y", "LARDER_Q": "1"],
      yaml: "log-level: z\nbogus: 1\nconnection-window: 64KiB\n")
    #expect(
      messages.map { $0.prefix { $0 != "." } } == [
        "log-level in FILE, line 1: \"z\" is no level",
        "FILE, line 2: no setting is named \"bogus\"",
        "LARDER_MEMORY: \"y\" is not a size",
        "No setting has the variable \"LARDER_Q\"",
        "--loops: \"x\" is not a whole number",
        "connection-window (64KiB from FILE, line 3) is less than stream-window (1MiB by default),"
          + " but one call could otherwise never use its own window",
      ])
  }

  @Test func `a refused value draws no complaint about what depends on it`() throws {
    #expect(
      try problems(["memory": "x", "value-max": "1GiB", "message-max": "y"]).count == 3,
      "memory, message-max, and batch-reply-max against value-max")
  }

  @Test func `several problems are a heading and one line each`() throws {
    let one = ConfigurationProblem(settings: [], message: "a")
    let two = ConfigurationProblem(settings: [], message: "b")
    #expect(ConfigurationError(problems: [one]).description == "a")
    #expect(
      ConfigurationError(problems: [one, two]).description
        == "The configuration has 2 problems:\n  - a\n  - b")
  }

  @Test func `a file that is not there is refused by the flag that names it`() throws {
    #expect(
      try problems(["config": "/nonexistent/larder.yaml"]) == [
        "--config: \"/nonexistent/larder.yaml\" cannot be read: No such file or directory."
          + " Expected the path of a YAML file in UTF-8."
      ])
    #expect(
      try problems(environment: ["LARDER_CONFIG": "/"]) == [
        "LARDER_CONFIG: \"/\" cannot be read: Is a directory."
          + " Expected the path of a YAML file in UTF-8."
      ])
    #expect(
      try problems(["config": ""]) == [
        "--config: \"\" is empty. Expected the path of a YAML file."
      ])
  }

  @Test func `a file that is not UTF-8 is refused`() throws {
    // "loops: " and an e with acute accent in ISO 8859-1.
    #expect(
      try problems(bytes: Array("loops: ".utf8) + [0xE9]) == [
        "--config: \"FILE\" is not UTF-8. Expected the path of a YAML file in UTF-8."
      ])
  }

  @Test func `a file of 1 MiB is read and one byte more refused`() throws {
    let text = "loops: 2\n#"
    let filler = String(repeating: "x", count: NodeLimits.configFileMaxBytes - text.utf8.count)
    #expect(try load(yaml: text + filler).loops == 2)
    #expect(
      try problems(yaml: text + filler + "x") == [
        "--config: \"FILE\" is larger than 1MiB. Expected the path of a YAML file in UTF-8."
      ])
  }

  @Test func `a file of half a million open brackets is refused and does not crash`() throws {
    let messages = try problems(yaml: "loops: " + String(repeating: "[", count: 500_000))
    #expect(messages.count == 1)
    #expect(messages[0].contains("this is not valid YAML"))
  }
}
