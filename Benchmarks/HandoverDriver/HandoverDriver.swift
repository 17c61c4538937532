import Glibc

/// Moves entries from one process to another as a handover does, and says what it costs each side:
/// `handover-driver serve ENTRIES` prints its port, `handover-driver take PORT` asks for everything.
@main
enum HandoverDriver {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    let number = arguments.dropFirst().first.flatMap(Int.init)
    switch (arguments.first, number) {
    case ("serve", let entries?): try await Loser.run(entries: entries)
    case ("take", let port?): try await Heir.run(port: port)
    default:
      print(
        """
        usage: handover-driver serve ENTRIES   holds so many entries of 100 bytes, for one migration
               handover-driver take PORT       asks for them, and ends
        """)
      exit(64)
    }
  }
}
