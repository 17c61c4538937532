/// Which pieces of work are being done, each by one task. No I/O and no clock; tasks are known by their
/// numbers.
struct WorkTable<Work: Hashable> {
  /// What is to be begun and ended for what is wanted to be what is done.
  struct Change {
    var ended: [Work] = []
    var begun: [(work: Work, task: Int)] = []
  }

  private var tasks: [Work: Int] = [:]
  private var last = 0

  /// A task says that it is over. There may be another one for the same work by now, which is not.
  mutating func ended(_ work: Work, task: Int) {
    if self.tasks[work] == task { self.tasks[work] = nil }
  }

  /// These pieces of work are to be done now, and no others.
  mutating func want(_ wanted: Set<Work>) -> Change {
    var change = Change()
    for work in self.tasks.keys where !wanted.contains(work) { change.ended.append(work) }
    for work in change.ended { self.tasks[work] = nil }
    for work in wanted where self.tasks[work] == nil {
      self.last += 1
      self.tasks[work] = self.last
      change.begun.append((work, self.last))
    }
    return change
  }
}
