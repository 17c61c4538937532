/// A doubly linked list through the entries' headers. An entry is in one list at a time.
struct EntryList {
  private(set) var first: EntryReference?
  private(set) var last: EntryReference?

  mutating func prepend(_ entry: EntryReference) {
    entry.header.listPrevious = nil
    entry.header.listNext = self.first
    if let first = self.first {
      first.header.listPrevious = entry
    } else {
      self.last = entry
    }
    self.first = entry
  }

  mutating func remove(_ entry: EntryReference) {
    let previous = entry.header.listPrevious
    let next = entry.header.listNext
    if let previous { previous.header.listNext = next } else { self.first = next }
    if let next { next.header.listPrevious = previous } else { self.last = previous }
  }

  mutating func moveToFront(_ entry: EntryReference) {
    guard self.first != entry else { return }
    self.remove(entry)
    self.prepend(entry)
  }

  /// The last entry that is not `spared`.
  func last(sparing spared: EntryReference?) -> EntryReference? {
    guard let last = self.last else { return nil }
    return last == spared ? last.header.listPrevious : last
  }
}
