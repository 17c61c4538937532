import Node

@testable import Node

extension FuzzTarget {
  /// What operators write: the YAML file, sizes, durations, addresses.
  static let settings = FuzzTarget(
    name: "settings",
    seeds: [
      Array("memory: 1GiB\nnamespaces:\n  - name: a\n    default-ttl: 5m\n".utf8),
      Array("512MiB".utf8), Array("250ms".utf8), Array("[::1]:7600".utf8), Array("a: &x [*x]".utf8),
    ]
  ) { input in
    let text = String(decoding: input, as: UTF8.self)
    do throws(UnitTextError) {
      let count = try ByteCount(parsing: text)
      let again = try ByteCount(parsing: count.description)
      precondition(again == count, "\(text) is printed as \(count)")
    } catch {
      // Refused.
    }
    do throws(UnitTextError) {
      let milliseconds = try DurationText.milliseconds(parsing: text)
      let printed = DurationText.text(milliseconds: milliseconds)
      let again = try DurationText.milliseconds(parsing: printed)
      precondition(again == milliseconds, "\(text) is printed as \(printed)")
    } catch {
      // Refused.
    }
    do throws(HostPortError) {
      let address = try HostPort(parsing: text)
      let again = try HostPort(parsing: address.description)
      precondition(again == address)
    } catch {
      // Refused.
    }
    // YAML's aliases can name each other; a small file must stay small.
    if input.count < 4096 { _ = ConfigurationFile(yaml: text, path: "fuzz.yaml") }
  }
}
