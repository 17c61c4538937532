import Testing

@testable import CacheStore

struct IncrementTests {
  let store: Store

  init() throws { self.store = try Store(StoreConfiguration(memoryBytes: 8 << 20)) }

  @Test("an absent entry starts from the initial value")
  func initial() throws {
    #expect(try self.store.add("n", 5, initial: 37).value == 42)
    #expect(try self.store.add("n", -50).value == -8)
    #expect(self.store.get("n")?.text == "-8")
    #expect(self.store.statistics().total.entries == 1)
    #expect(self.store.faults() == [])
  }

  @Test("a present entry keeps its flags and expiry; a new one gets the expiry given")
  func keepsExpiry() throws {
    self.store.set("n", Array("9".utf8), flags: 3, expiry: .after(milliseconds: 100), now: at(0))
    _ = try self.store.add("n", 1, expiry: .never, now: at(40))
    let found = self.store.get("n", now: at(40))
    #expect(found?.text == "10")
    #expect(found?.flags == 3)
    #expect(found?.expiry == .after(milliseconds: 60))
    _ = try self.store.add("n", 1, expiry: .after(milliseconds: 7), now: at(100))
    #expect(self.store.get("n", now: at(100))?.text == "1")
    #expect(self.store.get("n", now: at(100))?.expiry == .after(milliseconds: 7))
    #expect(self.store.get("n", now: at(100))?.flags == 0)
  }

  @Test("the largest and the smallest Int64 are reached, and one past them is refused")
  func edges() throws {
    self.store.set("max", "9223372036854775806")
    #expect(try self.store.add("max", 1).value == .max)
    #expect(throws: IncrementError.overflow) { try self.store.add("max", 1) }
    #expect(self.store.get("max")?.text == "9223372036854775807")
    self.store.set("min", "-9223372036854775807")
    #expect(try self.store.add("min", -1).value == .min)
    #expect(throws: IncrementError.overflow) { try self.store.add("min", -1) }
    #expect(self.store.get("min")?.text == "-9223372036854775808")
    #expect(try self.store.add("min", .max).value == -1)
    #expect(throws: IncrementError.overflow) { try self.store.add("new", .max, initial: 1) }
    #expect(self.store.get("new") == nil)
  }

  @Test(
    "a value in any other form than increment writes is not a number",
    arguments: [
      "", "+5", " 5", "5 ", "05", "-0", "-", "--5", "-05", "0x5", "5.0", "1e3", "five", "5\0",
      "9223372036854775808", "-9223372036854775809", "18446744073709551616",
      "000000000000000000005",
    ])
  func notANumber(text: String) {
    self.store.set("n", text)
    #expect(throws: IncrementError.notANumber) { try self.store.add("n", 1) }
    #expect(self.store.get("n")?.text == text)
  }

  @Test(
    "every number is read back as it was written",
    arguments: [0, 1, -1, 9, 10, -10, 99, 100, 1_000_000, .max, .max - 1, .min, .min + 1]
      as [Int64])
  func roundTrip(value: Int64) {
    let text = DecimalNumber(value).withText { $0.withUnsafeBytes(Array.init) }
    #expect(String(decoding: text, as: UTF8.self) == String(value))
    #expect(DecimalNumber(text.span.bytes) == DecimalNumber(value))
  }

  @Test("a number in an extent or of many digits is not a number")
  func extent() {
    self.store.set("n", [UInt8](repeating: UInt8(ascii: "1"), count: 20_000))
    #expect(throws: IncrementError.notANumber) { try self.store.add("n", 1) }
  }
}
