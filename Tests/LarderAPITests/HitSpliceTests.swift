import LarderAPI
import Testing
import Wire

/// A hit that is written around its value must be the bytes of the hit that is written whole.
@Suite struct HitSpliceTests {
  private let infos = [
    HitInfo(),
    HitInfo(version: 1),
    HitInfo(
      version: .max, ttlMilliseconds: .max, flags: .max, source: .nearCache, isStale: true),
  ]
  /// Around the sizes at which a length, its message's or its result's takes one more byte.
  private let sizes = Array(0...3) + Array(60...140) + Array(16_300...16_400) + [1 << 21, 3 << 20]

  @Test func `a spliced GetResponse is the whole one`() {
    for info in self.infos {
      for size in self.sizes {
        let value = [UInt8](repeating: 0x76, count: size)
        let whole = GetResponse.hit(Hit(value: value.span.bytes, info: info)).serialized()
        let prefix = small { GetResponse.encodeHitPrefix(info, valueSize: size, into: &$0) }
        let suffix = small { info.encodeSuffix(into: &$0) }
        #expect(prefix + value + suffix == whole)
        #expect(GetResponse.hitSize(info, valueSize: size) == whole.count)
      }
    }
  }

  @Test func `a spliced result of a GetMany is the whole one`() {
    for info in self.infos {
      for size in self.sizes {
        let value = [UInt8](repeating: 0x76, count: size)
        let whole = [UInt8](unsafeUninitializedCapacity: size + 100) { buffer, count in
          let memory = UnsafeMutableRawBufferPointer(buffer)
          var output = OutputRawSpan(buffer: memory, initializedCount: 0)
          let hit = Hit(value: value.span.bytes, info: info)
          GetManyResponse.encode(result: .hit(hit), into: &output)
          count = output.finalize(for: memory)
        }
        let prefix = small { GetManyResponse.encodeHitPrefix(info, valueSize: size, into: &$0) }
        let suffix = small { info.encodeSuffix(into: &$0) }
        #expect(prefix + value + suffix == whole)
        #expect(GetManyResponse.hitSize(info, valueSize: size) == whole.count)
      }
    }
  }

  @Test func `a spliced Hit by itself is the whole one`() {
    for info in self.infos {
      for size in self.sizes {
        let value = [UInt8](repeating: 0x76, count: size)
        let prefix = small { info.encodePrefix(valueSize: size, into: &$0) }
        let suffix = small { info.encodeSuffix(into: &$0) }
        #expect(prefix + value + suffix == Hit(value: value.span.bytes, info: info).serialized())
        #expect(info.hitSize(valueSize: size) == prefix.count + size + suffix.count)
      }
    }
  }
}

/// What `write` puts into an output of a hundred bytes.
private func small(_ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 100) { buffer, count in
    var output = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
    write(&output)
    count = output.finalize(for: UnsafeMutableRawBufferPointer(buffer))
  }
}
