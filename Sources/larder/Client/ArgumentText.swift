import GRPC
import Node

/// Why the text of a flag cannot be used. Completes the argument parser's "The value '…' is invalid
/// for '--…': ".
struct ArgumentRefusal: Error, CustomStringConvertible, Equatable {
  let description: String
}

/// Readers for the texts of flags, as `@Option(transform:)` wants them.
enum ArgumentText {
  /// No flag of a client command takes a longer duration: ten years, as the node's own `--ttl-max`.
  static let durationMaxMilliseconds: Int64 = 3_650 * 86_400_000

  /// A duration of at least one millisecond.
  static func duration(_ text: String) throws(ArgumentRefusal) -> Int64 {
    try Self.duration(text, in: 1...Self.durationMaxMilliseconds)
  }

  /// A duration. Where `range` has 0, it may stand without a unit.
  ///
  /// - Parameter range: in milliseconds, not negative.
  static func duration(
    _ text: String, in range: ClosedRange<Int64>
  ) throws(ArgumentRefusal) -> Int64 {
    let milliseconds: Int64
    do throws(UnitTextError) {
      milliseconds = try DurationText.milliseconds(parsing: text)
    } catch {
      throw Self.noDuration(in: range)
    }
    guard range.contains(milliseconds) else { throw Self.noDuration(in: range) }
    return milliseconds
  }

  private static func noDuration(in range: ClosedRange<Int64>) -> ArgumentRefusal {
    let least = DurationText.text(milliseconds: range.lowerBound)
    let most = DurationText.text(milliseconds: range.upperBound)
    return ArgumentRefusal(
      description: "expected a duration from \(least) to \(most) with ms, s, m, h or d, such as"
        + " 30s")
  }

  /// A size in bytes, with or without a unit.
  static func size(_ text: String) throws(ArgumentRefusal) -> Int {
    do throws(UnitTextError) {
      return try ByteCount(parsing: text).bytes
    } catch {
      throw ArgumentRefusal(
        description: "expected a size in bytes or with KiB, MiB or GiB, such as 100 or 64KiB")
    }
  }

  /// One size, or two with a hyphen between them: `100B` (the B may be left out), `100B-10KiB`.
  static func sizes(_ text: String) throws(ArgumentRefusal) -> ClosedRange<Int> {
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      .map { end in
        // `B` alone is a unit here, for ranges read better with one; `KiB` keeps its own.
        end.hasSuffix("B") && !end.hasSuffix("iB") ? String(end.dropLast()) : String(end)
      }
    let low = try Self.size(ends[0])
    let high = ends.count == 2 ? try Self.size(ends[1]) : low
    guard low <= high else {
      throw ArgumentRefusal(description: "the range ends before it begins")
    }
    return low...high
  }

  /// A DNS name that a server's certificate can have.
  static func serverName(_ text: String) throws(ArgumentRefusal) -> String {
    guard ClientTLS.Configuration.isServerName(text) else {
      throw ArgumentRefusal(
        description: "expected a DNS name and no address, such as cache-1.internal")
    }
    return text
  }

  /// An address that can be called.
  static func target(_ text: String) throws(ArgumentRefusal) -> HostPort {
    let address: HostPort
    do throws(HostPortError) {
      address = try HostPort(parsing: text)
    } catch {
      throw ArgumentRefusal(
        description: "expected HOST:PORT, such as 127.0.0.1:7600 or [::1]:7600")
    }
    guard address.port > 0 else {
      throw ArgumentRefusal(description: "port 0 cannot be called")
    }
    return address
  }
}
