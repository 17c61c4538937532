/// The numbers below `capacity` that were named so far, the latest first.
///
/// A circle of links in both directions through `end`, so that naming a number costs the same
/// however many there are. A number not named yet links to itself.
struct RecencyList {
  /// Stands behind the last number and before the first.
  let end: UInt16
  private var links: [(next: UInt16, previous: UInt16)]

  /// - Parameter capacity: at most 65,535.
  init(capacity: Int) {
    self.end = UInt16(capacity)
    self.links = (0...self.end).map { (next: $0, previous: $0) }
  }

  /// The number named last; `end` if there is none.
  var first: UInt16 { self.links[Int(self.end)].next }

  func next(after number: UInt16) -> UInt16 { self.links[Int(number)].next }

  mutating func moveToFront(_ number: UInt16) {
    let (next, previous) = self.links[Int(number)]
    // Changes nothing if the number links to itself.
    self.links[Int(previous)].next = next
    self.links[Int(next)].previous = previous
    let second = self.first
    self.links[Int(number)] = (next: second, previous: self.end)
    self.links[Int(second)].previous = number
    self.links[Int(self.end)].next = number
  }
}
