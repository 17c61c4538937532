/// Slots waiting for a call to be due, first in, first out; in memory that is never grown.
struct SlotQueue {
  private var ring: [Int]
  private var head = 0
  private(set) var count = 0

  /// - Parameter capacity: how many slots there are; a slot waits once at most.
  init(capacity: Int) {
    self.ring = Array(repeating: 0, count: capacity)
  }

  /// The slot that has waited longest.
  var first: Int? { self.count == 0 ? nil : self.ring[self.head] }

  mutating func append(_ slot: Int) {
    precondition(self.count < self.ring.count, "a slot waits twice")
    self.ring[(self.head + self.count) % self.ring.count] = slot
    self.count += 1
  }

  mutating func removeFirst() {
    precondition(self.count > 0, "no slot waits")
    self.head = (self.head + 1) % self.ring.count
    self.count -= 1
  }
}
