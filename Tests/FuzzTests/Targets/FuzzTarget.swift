/// Something that takes bytes from strangers, to be fed with bytes that nobody chose well.
///
/// A target traps on a defect, and returns on everything else, refusals included. It is run in two
/// ways: by libFuzzer, which looks for bytes that lead to code not seen before (`scripts/fuzz.sh`),
/// and by `ReplayTests`, over the inputs that are kept.
struct FuzzTarget: Sendable {
  /// The folder of its inputs has this name too.
  let name: String
  /// What it is given when nothing was found yet, beside the files.
  var seeds: [[UInt8]] = []
  let run: @Sendable ([UInt8]) -> Void

  static let all: [FuzzTarget] = [
    .wire, .text, .framing, .requestHead, .compression, .messages, .server, .streams, .client,
    .settings, .store,
  ]

  static func named(_ name: String) -> FuzzTarget? { self.all.first { $0.name == name } }
}

/// Takes an input apart, front to back; reads zeros when it is used up.
struct InputReader {
  private var rest: ArraySlice<UInt8>

  init(_ input: [UInt8]) { self.rest = input[...] }

  var isEmpty: Bool { self.rest.isEmpty }

  mutating func byte() -> UInt8 { self.rest.popFirst() ?? 0 }

  mutating func uint16() -> UInt16 { UInt16(self.byte()) << 8 | UInt16(self.byte()) }

  mutating func uint32() -> UInt32 { UInt32(self.uint16()) << 16 | UInt32(self.uint16()) }

  /// The next bytes, at most `count`.
  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { self.rest = self.rest.dropFirst(count) }
    return Array(self.rest.prefix(count))
  }

  mutating func remaining() -> [UInt8] { self.bytes(self.rest.count) }
}
