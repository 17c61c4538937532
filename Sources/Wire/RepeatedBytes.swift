/// The elements of a repeated `string` or `bytes` field, found as they are iterated over: no array
/// is built, however many there are.
///
///     var keys = request.keys.makeIterator()
///     while let key = keys.next() { … }
@frozen public struct RepeatedBytes: ~Escapable {
  @usableFromInline let message: RawSpan
  @usableFromInline let number: Int
  /// How many elements there are.
  public let count: Int

  /// No elements.
  @inlinable
  @_lifetime(immortal)
  public init() {
    self.message = RawSpan()
    self.number = 1
    self.count = 0
  }

  /// The elements of field `number` in `message`.
  ///
  /// - Parameters:
  ///   - message: the bytes of a message that was read to its end without an error.
  ///   - count: how many elements that reading has met, each length-delimited.
  @inlinable
  @_lifetime(copy message)
  public init(validated message: RawSpan, field number: Int, count: Int) {
    self.message = message
    self.number = number
    self.count = count
  }

  /// Starts at the first element.
  @inlinable
  @_lifetime(copy self)
  public func makeIterator() -> Iterator {
    Iterator(self)
  }

  /// A position among the elements.
  @frozen public struct Iterator: ~Escapable {
    @usableFromInline var reader: WireReader
    @usableFromInline let number: Int
    @usableFromInline var left: Int

    @inlinable
    @_lifetime(copy elements)
    init(_ elements: RepeatedBytes) {
      self.reader = WireReader(elements.message)
      self.number = elements.number
      self.left = elements.count
    }

    /// The next element, or nil after the last one.
    @inlinable
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    public mutating func next() -> RawSpan? {
      guard self.left > 0 else { return nil }
      do throws(WireError) {
        while let field = try self.reader.nextField() {
          if field.number == self.number {
            self.left -= 1
            return try self.reader.bytes(field)
          }
          try self.reader.skip(field)
        }
      } catch {
        preconditionFailure("a repeated field over bytes that were not validated")
      }
      preconditionFailure("a repeated field with fewer elements than were counted")
    }
  }
}
