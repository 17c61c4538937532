import Testing

@testable import CacheStore

@Suite struct LargeMemoryTests {
  @Test func `what is freed waits for the next, up to an eighth of what is in use`() throws {
    let memory = LargeMemory(budgetBytes: 64 << 20, shards: 1)
    let sizes = (0..<60).map { (64 << 10) + $0 * 12_345 }
    var blocks = try sizes.map { try Self.block($0, memory) }
    let used = memory.usage.used
    // The rests of the system's pages.
    #expect(memory.usage.idle < 60 * 4096)
    for index in stride(from: 0, to: 60, by: 2) {
      memory.free(blocks[index], byteCount: sizes[index])
      let (used, idle) = memory.usage
      let most = used / LargeMemory.idleDivisor + memory.excessBytesPerShard
      #expect(idle < most + LargeMemory.pageBytes)
    }
    #expect(memory.usage.idle > 0)
    for index in stride(from: 0, to: 60, by: 2) {
      blocks[index] = try Self.block(sizes[index], memory)
    }
    #expect(memory.usage.used == used)
    for (block, size) in zip(blocks, sizes) { memory.free(block, byteCount: size) }
    #expect(memory.usage == (0, 0))
  }

  @Test func `a block keeps its bytes while others come and go`() throws {
    let memory = LargeMemory(budgetBytes: 16 << 20, shards: 1)
    let kept = try Self.block(100_000, memory)
    kept.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 100_000)
    for size in stride(from: 65_536, through: 2 << 20, by: 65_536) {
      let other = try Self.block(size, memory)
      other.initializeMemory(as: UInt8.self, repeating: 0x5A, count: size)
      memory.free(other, byteCount: size)
    }
    let bytes = UnsafeRawBufferPointer(start: kept, count: 100_000)
    #expect(bytes.allSatisfy { $0 == 0xA5 })
    memory.free(kept, byteCount: 100_000)
  }

  @Test func `four threads that take and free blocks find in each what they wrote`() async {
    let memory = LargeMemory(budgetBytes: 32 << 20, shards: 1)
    await withTaskGroup(of: Int.self) { group in
      for thread in UInt8(1)...4 {
        group.addTask {
          var random = SplitMix64(state: UInt64(thread))
          var spoilt = 0
          for _ in 0..<300 {
            let size = Int.random(in: 65_536..<600_000, using: &random)
            guard let block = memory.allocate(byteCount: size) else { continue }
            block.initializeMemory(as: UInt8.self, repeating: thread, count: size)
            await Task.yield()
            let bytes = UnsafeRawBufferPointer(start: block, count: size)
            if bytes[0] != thread || bytes[size / 2] != thread || bytes[size - 1] != thread {
              spoilt += 1
            }
            memory.free(block, byteCount: size)
          }
          return spoilt
        }
      }
      for await spoilt in group { #expect(spoilt == 0) }
    }
    #expect(memory.usage == (0, 0))
  }

  @Test func `without room in one piece there is none, and blocks have mappings of their own`() {
    let memory = LargeMemory(budgetBytes: 1 << 20, shards: 1)
    #expect(memory.allocate(byteCount: 4 << 20) == nil)
    let block = LargeBlock(byteCount: 4 << 20, from: memory)
    block.start.initializeMemory(as: UInt8.self, repeating: 1, count: 4 << 20)
    #expect(memory.usage == (0, 0) && block.chargedBytes >= 4 << 20)
    block.free(to: memory)
  }

  @Test func `a store of values of all sizes charges the memory that waits`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20, cores: 1))
    let value = [UInt8](repeating: 1, count: 1 << 20)
    for index in 0..<600 {
      let size = 1 + (index * 7919) % (1 << 20)
      _ = store.set("k\(index)", Array(value.prefix(size)))
      let statistics = store.statistics()
      let usage = store.shards[0].context.largeMemory.usage
      try #require(statistics.memoryUsedBytes <= 64 << 20)
      let excess = store.shards[0].context.largeMemory.excessBytesPerShard * store.shards.count
      try #require(usage.used + usage.idle <= statistics.memoryUsedBytes + excess)
      try #require(excess <= usage.used / 50, "hardly ever")
    }
  }

  @Test func `what cannot be given back yet is borne by the shards`() throws {
    let memory = LargeMemory(budgetBytes: 16 << 20, shards: 4)
    // Six pages each: the system's pages are shared by neighbours.
    let blocks = try (0..<400).map { _ in try Self.block(6 << 10, memory) }
    for index in 0..<400 where index % 4 != 0 {
      memory.free(blocks[index], byteCount: 6 << 10)
      let (used, idle) = memory.usage
      let borne = max(0, idle - used / LargeMemory.idleDivisor)
      #expect(abs(memory.excessBytesPerShard * 4 - borne) < LargeMemory.pageBytes)
      // What still waits is less than a page of the system at each end of a block.
      #expect(idle <= used / LargeMemory.idleDivisor + 100 * 6 << 10)
    }
    for index in stride(from: 0, to: 400, by: 4) {
      memory.free(blocks[index], byteCount: 6 << 10)
    }
    #expect(memory.usage == (0, 0))
    #expect(memory.excessBytesPerShard == 0)
  }

  private static func block(_ size: Int, _ memory: LargeMemory) throws -> UnsafeMutableRawPointer {
    try #require(memory.allocate(byteCount: size))
  }
}
