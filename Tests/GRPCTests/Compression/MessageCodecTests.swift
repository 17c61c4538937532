import Testing

@testable import GRPC

@Suite struct MessageCodecTests {
  @Test func `what is compressed comes out again, whatever was before it`() throws {
    let codec = MessageCodec()
    for encoding in compressing + compressing {
      for count in [2_000, 70_000, 300_000] {
        let message = [UInt8](repeating: 7, count: count) + pattern(count)
        var packed: [UInt8] = []
        message.withUnsafeBytes { bytes in
          codec.deflate(bytes, encoding) { if let bytes = $0 { packed = Array(bytes) } }
        }
        #expect(!packed.isEmpty && packed.count < message.count)
        #expect(try unpacked(packed, encoding, by: codec) == message)
      }
    }
  }

  @Test func `streams of another implementation are read`() throws {
    #expect(try unpacked(Sample.gzip, .gzip) == Sample.plain)
    #expect(try unpacked(Sample.zlib, .deflate) == Sample.plain)
  }

  @Test func `a stream that holds nothing is a message of no bytes`() throws {
    #expect(try unpacked(Sample.emptyGzip, .gzip) == [])
    #expect(try unpacked(Sample.emptyZlib, .deflate) == [])
    #expect(try unpacked(Sample.emptyGzip, .gzip, maxBytes: 0) == [])
  }

  @Test func `a stream cut at each byte is broken, and so is no stream at all`() {
    for (whole, encoding) in [(Sample.gzip, .gzip), (Sample.zlib, .deflate)]
      as [([UInt8], MessageEncoding)]
    {
      for count in 0..<whole.count {
        #expect(throws: FramingError.compressionBroken(encoding)) {
          try unpacked(Array(whole[..<count]), encoding)
        }
      }
    }
  }

  @Test func `anything after the stream is broken, a second one too`() {
    for rest in [[0], [0xff], Sample.gzip] as [[UInt8]] {
      #expect(throws: FramingError.compressionBroken(.gzip)) {
        try unpacked(Sample.gzip + rest, .gzip)
      }
      #expect(throws: FramingError.compressionBroken(.deflate)) {
        try unpacked(Sample.zlib + rest, .deflate)
      }
    }
  }

  @Test func `each format is broken for the other, and a bare deflate stream for both`() {
    for stream in [Sample.zlib, Sample.bareDeflate, Sample.plain] {
      #expect(throws: FramingError.compressionBroken(.gzip)) { try unpacked(stream, .gzip) }
    }
    for stream in [Sample.gzip, Sample.bareDeflate, Sample.withDictionary, Sample.plain] {
      #expect(throws: FramingError.compressionBroken(.deflate)) { try unpacked(stream, .deflate) }
    }
  }

  @Test func `a stream with any one bit wrong is broken, or still says the same`() {
    for (whole, encoding) in [(Sample.gzip, .gzip), (Sample.zlib, .deflate)]
      as [([UInt8], MessageEncoding)]
    {
      let codec = MessageCodec()
      for bit in 0..<whole.count * 8 {
        var damaged = whole
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        do throws(FramingError) {
          // Time, system and hints in the header say nothing of the message.
          #expect(try unpacked(damaged, encoding, by: codec) == Sample.plain, "bit \(bit)")
        } catch {
          #expect(error == .compressionBroken(encoding), "bit \(bit)")
        }
      }
    }
  }

  @Test func `a message of the limit is taken, and one of a byte more is not`() throws {
    for encoding in compressing {
      let stream = try #require(packed(Sample.plain + Sample.plain, encoding))
      let count = Sample.plain.count * 2
      #expect(try unpacked(stream, encoding, maxBytes: count).count == count)
      for maxBytes in [0, 1, count - 1] {
        #expect(throws: FramingError.inflatedTooLarge(max: maxBytes)) {
          try unpacked(stream, encoding, maxBytes: maxBytes)
        }
      }
    }
  }

  @Test func `a bomb stops at the limit, and takes no more memory than that`() throws {
    let bomb = try #require(packed([UInt8](repeating: 0, count: 32 << 20), .gzip))
    #expect(bomb.count < 200_000)
    let limit = 100_000
    var target = ScratchMemory()
    let inflater = Inflater()
    var failure: Inflater.Failure?
    bomb.withUnsafeBytes { bytes in
      do throws(Inflater.Failure) {
        _ = try inflater.inflate(bytes, .gzip, into: &target, maxBytes: limit)
      } catch {
        failure = error
      }
    }
    #expect(failure == .tooLarge)
    let held = target.bytes.count
    #expect(held <= limit + 1)
  }

  @Test func `a failure leaves nothing behind for the next message`() throws {
    let codec = MessageCodec()
    for broken in [Array(Sample.gzip.dropLast()), Sample.gzip + [0], Sample.zlib] {
      #expect(throws: FramingError.compressionBroken(.gzip)) {
        try unpacked(broken, .gzip, by: codec)
      }
      #expect(try unpacked(Sample.gzip, .gzip, by: codec) == Sample.plain)
      #expect(try unpacked(Sample.zlib, .deflate, by: codec) == Sample.plain)
    }
  }

  @Test func `what would get no smaller is not compressed`() {
    for encoding in compressing {
      for message in [[], [1], [1, 2], (0..<100).map { $0 }] as [[UInt8]] {
        #expect(packed(message, encoding) == nil)
      }
    }
  }

  @Test func `the lists of grpc-accept-encoding are read as clients write them`() {
    let both: EncodingSet = [EncodingSet(.gzip), EncodingSet(.deflate)]
    for (list, expected) in [
      ("", []), ("identity", []), ("gzip", EncodingSet(.gzip)),
      ("identity, deflate, gzip", both), ("deflate,gzip", both),
      ("br, gzip ,zstd", EncodingSet(.gzip)),
      ("gzipped,gzi, ,", []), (",,deflate", EncodingSet(.deflate)),
    ] as [(String, EncodingSet)] {
      #expect(EncodingSet(list: Array(list.utf8).span.bytes) == expected, "\(list)")
      #expect(expected.contains(EncodingSet(.identity)))
    }
  }

  @Test func `all encodings are offered`() {
    #expect(MessageEncoding.accepted == "identity,deflate,gzip")
  }
}
