import Testing

@testable import GRPC

@Suite struct ReadSizeTests {
  @Test func `a body is read in larger and larger pieces, up to 32 KiB`() {
    var size = ReadSize()
    var frames = 0
    var sizes: [Int] = []
    for _ in 0..<5 {
      frames += 3
      _ = size.readEnded(size.bytes, frames: frames)
      sizes.append(size.bytes)
    }
    #expect(sizes == [8, 16, 32, 32, 32].map { $0 << 10 })
  }

  @Test func `a flood of small frames is read in smaller and smaller pieces, down to 2 KiB`() {
    var size = ReadSize()
    var frames = 0
    var sizes: [Int] = []
    for _ in 0..<4 {
      frames += 129
      _ = size.readEnded(size.bytes, frames: frames)
      sizes.append(size.bytes)
    }
    #expect(sizes == [2, 2, 2, 2].map { $0 << 10 })
  }

  @Test func `reads that are not full, or of frames neither few nor many, change nothing`() {
    var size = ReadSize()
    let changes = [
      size.readEnded(size.bytes - 1, frames: 1),
      size.readEnded(size.bytes, frames: 1 + 33),
      size.readEnded(size.bytes, frames: 1 + 33 + 128),
    ]
    #expect(changes == [false, false, false] && size.bytes == ReadSize.initialBytes)
  }
}
