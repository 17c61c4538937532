#if LARDER_THREAD_SANITIZER
  internal import Glibc

  /// In the place of Synchronization's lock, for the thread sanitiser: that one is a futex, of which the
  /// sanitiser does not know that it orders anything, and POSIX's it does. See scripts/tsan.sh.
  ///
  /// Unchecked, because it holds pointers: to a lock, and to a value that is used under it only.
  struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    init(_ value: consuming sending Value) {
      self.lock = .allocate(capacity: 1)
      self.lock.initialize(to: pthread_mutex_t())
      let status = pthread_mutex_init(self.lock, nil)
      precondition(status == 0, "the system refuses a lock: \(status)")
      self.value = .allocate(capacity: 1)
      self.value.initialize(to: value)
    }

    deinit {
      self.value.deinitialize(count: 1)
      self.value.deallocate()
      pthread_mutex_destroy(self.lock)
      self.lock.deallocate()
    }

    borrowing func withLock<Result: ~Copyable, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
      pthread_mutex_lock(self.lock)
      defer { pthread_mutex_unlock(self.lock) }
      return try body(&self.value.pointee)
    }
  }
#endif
