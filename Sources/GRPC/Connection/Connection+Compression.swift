internal import HTTP2
internal import Wire

// Compressed messages, on either end (grpc/grpc, doc/compression.md). Each is compressed by itself.
extension Connection {
  /// What a message may have once it is decompressed: the limit of all messages, and what is left of
  /// the limit of all that is buffered.
  var inflatedMaxBytes: Int {
    min(
      self.limits.messageMaxBytes, max(0, self.limits.requestBufferMaxBytes - self.bufferedBytes))
  }

  /// Puts the decompressed message in the place of the compressed one that `stream` has received,
  /// as if it had come so.
  func inflate(_ stream: HTTP2.Stream, _ encoding: MessageEncoding) throws(FramingError) {
    try self.resources.codec.inflate(
      stream.inboundBytes.extracting(MessagePrefix.byteCount...), encoding,
      maxBytes: self.inflatedMaxBytes
    ) { message in
      stream.replaceInbound(size: MessagePrefix.byteCount + message.count) { output in
        MessagePrefix.write(length: message.count, into: &output)
        // Shown for the time of this call.
        output.append(bytes: RawSpan(_unsafeBytes: message))
      }
    }
  }

  /// Appends the message of `size` bytes that `write` puts, compressed where that makes it smaller.
  ///
  /// - Returns: whether it did.
  func appendCompressed(
    to stream: HTTP2.Stream, _ encoding: MessageEncoding, size: Int,
    _ write: (inout OutputRawSpan) -> Void
  ) -> Bool {
    var isSmaller = false
    self.resources.codec.deflate(size: size, write, encoding) { message, isCompressed in
      isSmaller = isCompressed
      self.session.append(to: stream, size: MessagePrefix.byteCount + message.count) { output in
        MessagePrefix.write(length: message.count, isCompressed: isCompressed, into: &output)
        // As in `inflate`.
        output.append(bytes: RawSpan(_unsafeBytes: message))
      }
    }
    return isSmaller
  }

  /// Compresses the message that was appended to `stream`, prefix included, where that makes it
  /// smaller.
  ///
  /// - Returns: whether it did.
  func compressAppended(_ stream: HTTP2.Stream, _ encoding: MessageEncoding) -> Bool {
    let message = UnsafeRawBufferPointer(
      rebasing: stream.outboundBuffer[MessagePrefix.byteCount...])
    var isSmaller = false
    self.resources.codec.deflate(message, encoding) { packed in
      guard let packed else { return }
      isSmaller = true
      self.session.replaceBody(of: stream, size: MessagePrefix.byteCount + packed.count) {
        output in
        MessagePrefix.write(length: packed.count, isCompressed: true, into: &output)
        // As in `inflate`.
        output.append(bytes: RawSpan(_unsafeBytes: packed))
      }
    }
    return isSmaller
  }
}
