/// A table of at most `capacity` values; a new one takes the place of that which was not used for
/// the longest time. Every operation takes the same time, however many there are.
struct LeastRecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  /// The values form a ring in the order of their use, through `newer` and `older`, so that the one
  /// behind the newest is the oldest.
  private struct Node {
    var key: Key
    var value: Value
    var newer: Int
    var older: Int
  }

  let capacity: Int
  private var nodes: [Node] = []
  private var places: [Key: Int] = [:]
  private var newest = 0

  /// - Parameter capacity: 1 at least.
  init(capacity: Int) {
    precondition(capacity > 0, "a table of no values")
    self.capacity = capacity
  }

  var count: Int { self.nodes.count }

  /// Calls `body` with the value of `key`, which is the newest then. One that is not there, or not
  /// any more, begins as `initial`.
  mutating func use<Result>(
    _ key: Key, orBegin initial: @autoclosure () -> Value, _ body: (inout Value) -> Result
  ) -> Result {
    if let place = self.places[key] {
      self.makeNewest(place)
    } else {
      self.insert(key, initial())
    }
    return body(&self.nodes[self.newest].value)
  }

  private mutating func insert(_ key: Key, _ value: Value) {
    guard self.nodes.count == self.capacity else {
      let place = self.nodes.count
      self.nodes.append(Node(key: key, value: value, newer: place, older: place))
      self.places[key] = place
      if place > 0 { self.link(place) }
      self.newest = place
      return
    }
    let oldest = self.nodes[self.newest].newer
    self.places[self.nodes[oldest].key] = nil
    self.nodes[oldest].key = key
    self.nodes[oldest].value = value
    self.places[key] = oldest
    // Next after the newest already.
    self.newest = oldest
  }

  private mutating func makeNewest(_ place: Int) {
    guard place != self.newest else { return }
    if place != self.nodes[self.newest].newer {
      let (newer, older) = (self.nodes[place].newer, self.nodes[place].older)
      self.nodes[newer].older = older
      self.nodes[older].newer = newer
      self.link(place)
    }
    self.newest = place
  }

  /// Puts a node between the newest and the oldest.
  private mutating func link(_ place: Int) {
    let oldest = self.nodes[self.newest].newer
    self.nodes[place].older = self.newest
    self.nodes[place].newer = oldest
    self.nodes[self.newest].newer = place
    self.nodes[oldest].older = place
  }
}
