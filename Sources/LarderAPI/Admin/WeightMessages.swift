public import Wire

/// Gives a node another part of the keys, until it ends.
public struct SetWeightRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Relative to those of the other nodes.
  public var weight = 0.0

  public init(weight: Double = 0) { self.weight = weight }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.weight = Double(bitPattern: try reader.fixed64(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    // A double travels as its bits, in eight bytes.
    sink.fixed64(field: 1, self.weight.bitPattern)
  }
}

/// The node has it.
public struct SetWeightResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// The weight before.
  public var weightBefore = 0.0
  /// Of the first ring with the new weight.
  public var epoch = ""
  /// The part of all keys that the node owns by it, in millionths.
  public var shareMillionths: UInt32 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.weightBefore = Double(bitPattern: try reader.fixed64(field))
      case 2: self.epoch = String(copyingUTF8: try reader.string(field))
      case 3: self.shareMillionths = try reader.uint32(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.fixed64(field: 1, self.weightBefore.bitPattern)
    sink.string(field: 2, self.epoch)
    sink.uint32(field: 3, self.shareMillionths)
  }
}
