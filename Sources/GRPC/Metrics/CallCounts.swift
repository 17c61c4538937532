internal import NIOCore

/// The calls of one event loop, counted by method and status. Used on that loop only.
///
/// Owns the memory that `CallCounter` counts in: connections keep the counter, which is a handful of
/// pointers, and the loop's resources keep this.
final class CallCounts {
  let counter: CallCounter

  /// - Parameter methods: how many the server has; all others are counted as one.
  init(methods: Int) { self.counter = CallCounter(methods: methods) }

  deinit { self.counter.deallocate() }
}

/// Counts calls in plain memory: neither reference counting nor exclusivity checks, locks or atomics.
///
/// The clock is read once for all calls that begin and end within one turn of a connection: such
/// calls are noted when they end, and booked together, with one duration, at the end of the turn.
struct CallCounter {
  /// What is kept of one method.
  struct Method {
    var started = 0
    var messagesReceived = 0
    var bytesReceived = 0
    var messagesSent = 0
    var bytesSent = 0
  }

  /// What is kept of the calls of one method that ended with one status.
  private struct Cell {
    /// Ended in this turn and not booked yet.
    var noted = 0
    var duration = DurationHistogram()
  }

  /// How many methods are told apart, the unknown ones counting as one: index 0.
  private let methodCount: Int
  private let methods: UnsafeMutablePointer<Method>
  /// By method, and by status code within it.
  private let cells: UnsafeMutablePointer<Cell>
  /// The cells with something noted, each once; and how many they are.
  private let noted: UnsafeMutablePointer<Int>
  private let notedCount: UnsafeMutablePointer<Int>

  private static let codes = StatusCode.allCases.count

  fileprivate init(methods: Int) {
    self.methodCount = methods + 1
    let cellCount = self.methodCount * Self.codes
    self.methods = .allocate(capacity: self.methodCount)
    self.methods.initialize(repeating: Method(), count: self.methodCount)
    self.cells = .allocate(capacity: cellCount)
    self.cells.initialize(repeating: Cell(), count: cellCount)
    self.noted = .allocate(capacity: cellCount)
    self.noted.initialize(repeating: 0, count: cellCount)
    self.notedCount = .allocate(capacity: 1)
    self.notedCount.initialize(to: 0)
  }

  fileprivate func deallocate() {
    self.methods.deallocate()
    self.cells.deallocate()
    self.noted.deallocate()
    self.notedCount.deallocate()
  }

  // MARK: - Counting; a method is its index in the router, or -1

  @inline(__always)
  func started(_ method: Int) { self.methods[self.index(method)].started += 1 }

  @inline(__always)
  func received(_ method: Int, bytes: Int) {
    let method = self.methods + self.index(method)
    method.pointee.messagesReceived += 1
    method.pointee.bytesReceived += bytes
  }

  @inline(__always)
  func sent(_ method: Int, bytes: Int) {
    let method = self.methods + self.index(method)
    method.pointee.messagesSent += 1
    method.pointee.bytesSent += bytes
  }

  /// A call has ended in the turn in which it began.
  @inline(__always)
  func note(_ method: Int, _ code: StatusCode) {
    let index = self.index(method) * Self.codes + code.rawValue
    if self.cells[index].noted == 0 {
      // In bounds: a cell is listed once, when its first call is noted.
      self.noted[self.notedCount.pointee] = index
      self.notedCount.pointee += 1
    }
    self.cells[index].noted += 1
  }

  /// Whether `book` has anything to do.
  @inline(__always)
  var hasNoted: Bool { self.notedCount.pointee > 0 }

  /// Ends the turn: all calls noted in it took `duration`.
  func book(_ duration: TimeAmount) {
    for position in 0..<self.notedCount.pointee {
      let cell = self.cells + self.noted[position]
      cell.pointee.duration.add(duration, count: cell.pointee.noted)
      cell.pointee.noted = 0
    }
    self.notedCount.pointee = 0
  }

  /// A call has ended that began in an earlier turn.
  func ended(_ method: Int, _ code: StatusCode, after duration: TimeAmount) {
    let index = self.index(method) * Self.codes + code.rawValue
    self.cells[index].duration.add(duration, count: 1)
  }

  // MARK: - Reading

  /// What was counted of a method so far.
  func method(_ method: Int) -> Method { self.methods[self.index(method)] }

  /// How long the calls took that ended with `code`.
  func durations(_ method: Int, _ code: StatusCode) -> DurationHistogram {
    self.cells[self.index(method) * Self.codes + code.rawValue].duration
  }

  @inline(__always)
  private func index(_ method: Int) -> Int {
    assert(method >= -1 && method + 1 < self.methodCount, "methods come from the router")
    return method + 1
  }
}
