import Testing

@testable import GRPC

@Suite struct ReadSizeTests {
  @Test func `a body is read in larger and larger pieces, up to 32 KiB`() {
    var size = ReadSize()
    var work = 0
    var sizes: [Int] = []
    for _ in 0..<5 {
      work += 3
      _ = size.readEnded(size.bytes, work: work, readers: 1)
      sizes.append(size.bytes)
    }
    #expect(sizes == [8, 16, 32, 32, 32].map { $0 << 10 })
  }

  @Test func `a flood of small frames is read in smaller and smaller pieces, down to 2 KiB`() {
    var size = ReadSize()
    var work = 0
    var sizes: [Int] = []
    for _ in 0..<4 {
      work += 193
      _ = size.readEnded(size.bytes, work: work, readers: 1)
      sizes.append(size.bytes)
    }
    #expect(sizes == [2, 2, 2, 2].map { $0 << 10 })
  }

  @Test func `reads that are not full, or of frames neither few nor many, change nothing`() {
    var size = ReadSize()
    let changes = [
      size.readEnded(size.bytes - 1, work: 1, readers: 1),
      size.readEnded(size.bytes, work: 1 + 49, readers: 1),
      size.readEnded(size.bytes, work: 1 + 49 + 192, readers: 1),
    ]
    #expect(changes == [false, false, false] && size.bytes == ReadSize.initialBytes)
  }

  @Test func `of many that send much each is read less, down to 8 KiB, and one alone more again`() {
    var size = ReadSize()
    var work = 0
    var sizes: [Int] = []
    for readers in [1, 1, 1, 2, 3, 8, 50, 5_000, 100_000, 1, 1] {
      work += 3
      _ = size.readEnded(size.bytes, work: work, readers: readers)
      sizes.append(size.bytes)
    }
    #expect(sizes == [8, 16, 32, 32, 16, 8, 8, 8, 8, 16, 32].map { $0 << 10 })
  }
}
