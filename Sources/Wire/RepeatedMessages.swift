/// The elements of a repeated message field, decoded as they are iterated over.
///
///     var items = request.items.makeIterator()
///     while let item = items.next() { … }
@frozen public struct RepeatedMessages<Element: WireDecodable & ~Escapable>: ~Escapable {
  @usableFromInline let elements: RepeatedBytes

  /// How many elements there are.
  @inlinable
  public var count: Int { self.elements.count }

  /// No elements.
  @inlinable
  @_lifetime(immortal)
  public init() {
    self.elements = RepeatedBytes()
  }

  /// The elements of field `number` in `message`.
  ///
  /// - Parameters:
  ///   - message: the bytes of a message that was read to its end without an error.
  ///   - count: how many elements that reading has met, each decoded without an error.
  @inlinable
  @_lifetime(copy message)
  public init(validated message: RawSpan, field number: Int, count: Int) {
    self.elements = RepeatedBytes(validated: message, field: number, count: count)
  }

  /// Starts at the first element.
  @inlinable
  @_lifetime(copy self)
  public func makeIterator() -> Iterator {
    Iterator(self)
  }

  /// A position among the elements.
  @frozen public struct Iterator: ~Escapable {
    @usableFromInline var elements: RepeatedBytes.Iterator

    @inlinable
    @_lifetime(copy elements)
    init(_ elements: RepeatedMessages) {
      self.elements = elements.elements.makeIterator()
    }

    /// The next element, or nil after the last one.
    @inlinable
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    public mutating func next() -> Element? {
      guard let bytes = self.elements.next() else { return nil }
      do throws(WireError) {
        return try Element(decoding: bytes)
      } catch {
        preconditionFailure("a repeated field over elements that were not validated")
      }
    }
  }
}
