import Testing

@testable import larder

@Suite struct KeyPickerTests {
  @Test(arguments: [1, 2, 3, 10, 97, 1_000, 4_096])
  func `each rank has a key of its own`(count: Int) {
    let picker = KeyPicker(count: count, distribution: .uniform, seed: 5)
    #expect(Set((1...count).map(picker.key(rank:))) == Set(0..<count))
  }

  @Test func `the hottest keys do not stand beside each other`() {
    let picker = KeyPicker(count: 100_000, distribution: .zipf(exponent: 0.99), seed: 1)
    let hot = (1...20).map(picker.key(rank:)).sorted()
    for (left, right) in zip(hot, hot.dropFirst()) { #expect(right - left > 1_000) }
  }

  @Test func `the last rank of the most keys is in range`() {
    let picker = KeyPicker(count: KeyPicker.keysMax, distribution: .uniform, seed: .max)
    #expect((0..<KeyPicker.keysMax).contains(picker.key(rank: KeyPicker.keysMax)))
  }

  @Test func `another seed has other hot keys, the same seed the same`() {
    func hottest(_ seed: UInt64) -> Int {
      KeyPicker(count: 100_000, distribution: .uniform, seed: seed).key(rank: 1)
    }
    #expect(hottest(1) == hottest(1))
    #expect(hottest(1) != hottest(2))
  }

  @Test func `uniform draws reach all keys about as often`() {
    let picker = KeyPicker(count: 10, distribution: .uniform, seed: 1)
    var random = SplitMix64(seed: 2)
    var seen = [Int](repeating: 0, count: 10)
    for _ in 0..<100_000 { seen[picker.next(using: &random)] += 1 }
    #expect(seen.allSatisfy { (9_500...10_500).contains($0) })
  }
}

@Suite struct KeyTextTests {
  private static func text(_ number: Int, size: Int, _ purpose: KeyText.Purpose) -> String {
    var key = KeyText(size: size)
    key.set(9_999_999)
    key.set(number, purpose: purpose)
    return String(decoding: key.bytes, as: UTF8.self)
  }

  @Test func `a key is a letter and its number, padded`() {
    #expect(Self.text(1_234, size: 16, .value) == "k000000000001234")
    #expect(Self.text(0, size: 8, .counter) == "n0000000")
  }

  @Test func `the shortest size has room for the last key and no more`() {
    #expect(KeyText.sizeMin(keys: 1) == 2)
    #expect(KeyText.sizeMin(keys: 10) == 2)
    #expect(KeyText.sizeMin(keys: 11) == 3)
  }
}

@Suite struct SplitMix64Tests {
  @Test func `the stream is the published one`() {
    // The first numbers of the reference implementation (prng.di.unimi.it/splitmix64.c), seed
    // 1234567.
    var random = SplitMix64(seed: 1_234_567)
    #expect(random.next() == 6_457_827_717_110_365_317)
    #expect(random.next() == 3_203_168_211_198_807_973)
    #expect(random.next() == 9_817_491_932_198_370_423)
  }

  @Test func `units are at least 0 and below 1`() {
    var random = SplitMix64(seed: 1)
    for _ in 0..<10_000 { #expect((0..<1).contains(random.nextUnit())) }
  }
}
