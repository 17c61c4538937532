import Testing

@testable import Node

@Suite struct ExpiryReminderTests {
  private let day: Int64 = 86_400

  @Test func `a certificate with time left is told of once`() {
    var reminder = ExpiryReminder()
    let expiry = 14 * self.day + 10
    #expect(reminder.check(now: 0, expiry: expiry) == .tell)
    #expect(reminder.check(now: 1, expiry: expiry) == .none)
    #expect(reminder.check(now: 10, expiry: expiry) == .none)
  }

  @Test func `the last fourteen days are warned of, once a day`() {
    var reminder = ExpiryReminder()
    let expiry = 14 * self.day
    #expect(reminder.check(now: 0, expiry: expiry) == .tell)
    #expect(reminder.check(now: 1, expiry: expiry) == .none)
    #expect(reminder.check(now: self.day, expiry: expiry) == .warn)
    #expect(reminder.check(now: 2 * self.day - 1, expiry: expiry) == .none)
    #expect(reminder.check(now: 2 * self.day, expiry: expiry) == .warn)
    #expect(reminder.check(now: expiry, expiry: expiry) == .expired)
    #expect(reminder.check(now: expiry + 1, expiry: expiry) == .none)
    #expect(reminder.check(now: expiry + self.day, expiry: expiry) == .expired)
  }

  @Test func `one that ends soon is warned of at once`() {
    var reminder = ExpiryReminder()
    #expect(reminder.check(now: 0, expiry: 14 * self.day - 1) == .warn)
  }
}
