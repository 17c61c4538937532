import CacheStore
import HashRing

/// The keys of a run: 16 bytes each, made before the clock runs.
struct Keys: Sendable {
  private let bytes: [UInt8]
  private let hashes: [UInt64]
  let count: Int

  init(count: Int) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 16)
    var hashes: [UInt64] = []
    for number in 0..<count {
      let digits = Array(String(number).utf8)
      let key =
        Array("k".utf8) + Array(repeating: UInt8(ascii: "0"), count: 15 - digits.count)
        + digits
      bytes += key
      hashes.append(XXH64.hash(key.span.bytes))
    }
    self.bytes = bytes
    self.hashes = hashes
    self.count = count
  }

  func with<Result>(
    _ number: Int, _ namespace: NamespaceID = .default, _ body: (borrowing StoreKey) -> Result
  ) -> Result {
    let key = self.bytes.span.bytes.extracting(number * 16..<number * 16 + 16)
    return body(StoreKey(namespace: namespace, bytes: key, hash: self.hashes[number]))
  }

  /// All keys, one behind the other, and where one of them is.
  var message: [UInt8] { self.bytes }
  func place(_ number: Int) -> Range<Int> { number * 16..<number * 16 + 16 }
  func hash(_ number: Int) -> UInt64 { self.hashes[number] }
}

/// Now, on both clocks: the driver has no wall clock to agree with.
func now() -> StoreTime {
  let milliseconds = monotonicNanoseconds() / 1_000_000
  return StoreTime(
    monotonicMilliseconds: milliseconds, wallMilliseconds: 1_700_000_000_000 + milliseconds)
}

extension Store {
  /// A store of these limits; ends the process where they cannot be.
  static func made(_ configuration: StoreConfiguration) -> Store {
    do {
      return try Store(configuration)
    } catch {
      fatalError("\(error)")
    }
  }
}
