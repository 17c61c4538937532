internal import CNGHTTP2
internal import Glibc

/// Memory for libnghttp2, which allocates half a dozen small blocks for every stream and frees them
/// moments later. Blocks that come back wait here, by size, for the next stream; sessions that are
/// used on one thread share a pool.
///
///     | size class u64, 8 bytes unused | the block that nghttp2 sees |     16 bytes before each block
///
/// A block of class n has n x 16 bytes, one of class 0 has 16 too.
///
/// Measured under h2load at 16 x 32: about 7 % of the CPU of a call.
public final class MemoryPool {
  /// Blocks up to this size are pooled; larger ones (buffers of a connection) go to malloc.
  private static let blockMaxBytes = 1024
  /// Free blocks kept of each size class: what 1,000 streams use at once.
  private static let freeBlocksMax = 1024
  private static let classShift = 4
  private static let classBytes = 1 << classShift
  private static let headerBytes = 16
  private static let classes = blockMaxBytes / classBytes + 1

  /// For each size class, its free blocks, linked through their first word.
  private struct FreeList {
    var first: UnsafeMutableRawPointer?
    var count = 0
  }

  private let lists: UnsafeMutablePointer<FreeList>
  private let interface: UnsafeMutablePointer<nghttp2_mem>

  public init() {
    self.lists = .allocate(capacity: Self.classes)
    self.lists.initialize(repeating: FreeList(), count: Self.classes)
    self.interface = .allocate(capacity: 1)
    // The lists outlive every session that uses them: sessions keep their pool.
    self.interface.initialize(
      to: nghttp2_mem(
        mem_user_data: self.lists,
        malloc: { size, lists in MemoryPool.allocate(size, lists) },
        free: { block, lists in MemoryPool.free(block, lists) },
        calloc: { count, size, lists in
          let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
          guard !overflow, let block = MemoryPool.allocate(bytes, lists) else { return nil }
          return memset(block, 0, bytes)
        },
        realloc: { block, size, lists in MemoryPool.reallocate(block, size, lists) }))
  }

  deinit {
    for index in 0..<Self.classes {
      while let block = self.lists[index].first {
        self.lists[index].first = block.load(as: UnsafeMutableRawPointer?.self)
        Glibc.free(block - Self.headerBytes)
      }
    }
    self.lists.deallocate()
    self.interface.deallocate()
  }

  /// What nghttp2 is given; valid as long as the pool.
  var nghttp2: UnsafeMutablePointer<nghttp2_mem> { self.interface }

  private static func allocate(
    _ size: Int, _ lists: UnsafeMutableRawPointer?
  ) -> UnsafeMutableRawPointer? {
    guard size <= Self.blockMaxBytes else { return Self.newBlock(size, class: Self.classes) }
    // No overflow: `size` is a size_t of at most 1024. Eight blocks a call make each check felt.
    let index = (size &+ (Self.classBytes - 1)) &>> Self.classShift
    // `mem_user_data` is the pool's lists, of which there is one for each class.
    let list = lists!.assumingMemoryBound(to: FreeList.self) + index
    guard let block = list.pointee.first else {
      return Self.newBlock(max(index, 1) * Self.classBytes, class: index)
    }
    // The first word of a free block links to the next: written by `free`.
    list.pointee.first = block.load(as: UnsafeMutableRawPointer?.self)
    // No underflow: the list was not empty.
    list.pointee.count &-= 1
    return block
  }

  private static func free(_ block: UnsafeMutableRawPointer?, _ lists: UnsafeMutableRawPointer?) {
    guard let block else { return }
    // Every block has a header, written by `newBlock`.
    let index = Int((block - Self.headerBytes).load(as: UInt64.self))
    guard index < Self.classes else { return Glibc.free(block - Self.headerBytes) }
    // As in `allocate`.
    let list = lists!.assumingMemoryBound(to: FreeList.self) + index
    guard list.pointee.count < Self.freeBlocksMax else {
      return Glibc.free(block - Self.headerBytes)
    }
    // Every block has at least 16 bytes.
    block.storeBytes(of: list.pointee.first, as: UnsafeMutableRawPointer?.self)
    list.pointee.first = block
    // No overflow: below `freeBlocksMax`.
    list.pointee.count &+= 1
  }

  private static func reallocate(
    _ block: UnsafeMutableRawPointer?, _ size: Int, _ lists: UnsafeMutableRawPointer?
  ) -> UnsafeMutableRawPointer? {
    guard let block else { return Self.allocate(size, lists) }
    let header = block - Self.headerBytes
    // As in `free`.
    let index = Int(header.load(as: UInt64.self))
    if index == Self.classes && size > Self.blockMaxBytes {
      return Glibc.realloc(header, size + Self.headerBytes).map { $0 + Self.headerBytes }
    }
    if index < Self.classes && size <= index * Self.classBytes { return block }
    guard let new = Self.allocate(size, lists) else { return nil }
    // A pooled block holds its class's size; a larger one is left only for a smaller size.
    let old = index < Self.classes ? index * Self.classBytes : size
    new.copyMemory(from: block, byteCount: min(old, size))
    Self.free(block, lists)
    return new
  }

  private static func newBlock(_ size: Int, class index: Int) -> UnsafeMutableRawPointer? {
    guard let header = Glibc.malloc(size + Self.headerBytes) else { return nil }
    header.storeBytes(of: UInt64(index), as: UInt64.self)
    return header + Self.headerBytes
  }
}
