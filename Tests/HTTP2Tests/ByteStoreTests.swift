import Testing

@testable import HTTP2

@Suite struct ByteStoreTests {
  @Test func `appended bytes are consumed in order`() {
    var store = ByteStore()
    store.append([1, 2, 3])
    store.append([4, 5])
    #expect(store.bytes == [1, 2, 3, 4, 5])
    store.consume(2)
    #expect(store.bytes == [3, 4, 5])
    store.append([6])
    #expect(store.bytes == [3, 4, 5, 6])
    store.consume(4)
    #expect(store.count == 0)
  }

  @Test func `appending nothing to an empty store allocates nothing`() {
    var store = ByteStore()
    store.append([])
    store.append(size: 0) { _ in }
    #expect(store.count == 0 && store.capacity == 0)
  }

  @Test func `bytes survive every mix of appending and consuming`() {
    // A model in an array, driven by a fixed linear congruential generator.
    var store = ByteStore()
    var model: [UInt8] = []
    var random: UInt64 = 42
    func next(_ bound: Int) -> Int {
      // Wrapping is what the generator is.
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % bound
    }
    for step in 0..<5_000 {
      let appended = (0..<next(300)).map { UInt8(truncatingIfNeeded: $0 + step) }
      store.append(appended)
      model += appended
      let consumed = next(model.count + 1)
      store.consume(consumed)
      model.removeFirst(consumed)
      #expect(store.bytes == model)
    }
  }

  @Test func `a queue that never empties does not grow without bound`() {
    var store = ByteStore()
    store.append([UInt8](repeating: 7, count: 100))
    for _ in 0..<10_000 {
      store.append([UInt8](repeating: 7, count: 100))
      store.consume(100)
    }
    #expect(store.count == 100)
    #expect(store.capacity <= 1024)
  }

  @Test func `a written span lands after the bytes that were there`() {
    var store = ByteStore()
    store.append([1])
    store.append(size: 3) { span in
      span.append(2)
      span.append(UInt16(0x0403), as: UInt16.self)
    }
    #expect(store.bytes == [1, 2, 3, 4])
  }

  @Test func `overwriting counts from the first byte that is left`() {
    var store = ByteStore()
    store.append([9, 0, 0, 0, 0, 0, 9])
    store.consume(1)
    store.overwrite(at: 1, bigEndian: 0x0102_0304)
    #expect(store.bytes == [0, 1, 2, 3, 4, 9])
  }

  @Test func `recycling keeps memory up to its limit and gives back more`() {
    var store = ByteStore()
    store.append([UInt8](repeating: 1, count: 1000))
    store.recycle(capacityMaxBytes: 1000)
    #expect(store.count == 0 && store.capacity == 1000)
    store.append([UInt8](repeating: 1, count: 1001))
    store.recycle(capacityMaxBytes: 1000)
    #expect(store.count == 0 && store.capacity == 0)
    store.append([5])
    #expect(store.bytes == [5])
  }
}

extension ByteStore {
  var bytes: [UInt8] { Array(self.buffer) }

  mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { self.append($0) } }
}
